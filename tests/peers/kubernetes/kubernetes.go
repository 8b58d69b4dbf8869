// SPDX-License-Identifier: Apache-2.0

// Package kubernetes stands in for Prometheus's discovery/kubernetes where scripts/build-go-peer
// builds Prometheus for tests: promtool names the type, and the real package needs all of client-go.
package kubernetes

import (
	"github.com/prometheus/common/config"

	"github.com/prometheus/prometheus/discovery"
)

// SDConfig has what promtool looks at. Nothing registers it, so that no config can have one.
type SDConfig struct {
	discovery.Config
	HTTPClientConfig config.HTTPClientConfig
}
