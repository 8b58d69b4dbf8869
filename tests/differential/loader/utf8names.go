// SPDX-License-Identifier: Apache-2.0

//go:build utf8names

package main

import "github.com/prometheus/common/model"

// Prometheus 3.0 and later set this in the main functions of their programs, not in what these load
// configs with: label names may be any UTF-8.
func init() { model.NameValidationScheme = model.UTF8Validation }
