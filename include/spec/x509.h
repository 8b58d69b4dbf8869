/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIDECAR_SPEC_X509_H
#define SIDECAR_SPEC_X509_H

/*
 * What Go's crypto/x509 refuses and libcrypto takes, of certificates and keys that libcrypto has
 * read. Where the versions of Go differ, or a form is so rare that they may, the narrowest counts.
 * Pure.
 */

#include "base/bytes.h"

#include <openssl/x509v3.h>

#include <stdbool.h>

/* One element of DER, nothing behind it, and all that is in it in the form that DER allows:
 * lengths, integers, bit strings, booleans, identifiers. libcrypto reads BER. */
bool der_is_strict(struct bytes der);
/* What is in the first element. */
struct bytes der_content(struct bytes der);
/* A sequence that begins with so many integers, none of them negative; in RSA keys libcrypto passes
 * over the sign. */
bool der_begins_with_numbers(struct bytes der, size_t count);

bool x509_suits_go(const X509 *certificate, struct bytes der);
bool key_suits_go(EVP_PKEY *key, struct bytes der);

/* For the above. */
struct bytes asn1_bytes(const ASN1_STRING *string);
/* P-224, P-256, P-384 or P-521; libcrypto's number of the curve. */
bool curve_suits_go(int nid);
/* One of a SubjectAltName; one of NameConstraints. */
bool general_name_suits_go(const GENERAL_NAME *name);
bool constraint_suits_go(const GENERAL_NAME *name);

#endif
