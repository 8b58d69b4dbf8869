/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_AZURE_H
#define SIDECAR_SPEC_AZURE_H

/* azureAd, judged as azuread.AzureADConfig.Validate of each version of Prometheus does. */

#include "spec/object.h"
#include "spec/version.h"

/* Reports every breach as an error; nothing where the RemoteWriteSpec has no azureAd. */
void azure_check(struct scope *scope, const struct object *spec, struct version version);

#endif
