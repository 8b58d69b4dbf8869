/* SPDX-License-Identifier: Apache-2.0 */

/* What Go's x509.ParseCertificate asks of a certificate beyond what d2i_X509 does. */

#include "spec/x509.h"

#include "base/compiler.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>

#include <stdint.h>
#include <string.h>

/* Each is compared with those before it; ten are many. */
#define EXTENSIONS_MAX 100
#define POLICIES_MAX   100

/* --- names and times -------------------------------------------------------------------------- */

static bool all_below_0x80(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    }
    return true;
}

/* With the '*' and the '&' that Go lets pass. */
static bool is_printable(struct bytes text) {
    static const char printable[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    " '()+,-./:=?*&";

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\0' || strchr(printable, text.data[i]) == NULL)
            return false;
    }
    return true;
}

static bool is_numeric(struct bytes text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != ' ' && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
    }
    return true;
}

/* UTF-16 without surrogates and without what is no character. */
static bool is_bmp(struct bytes text) {
    if (text.length % 2 != 0)
        return false;
    for (size_t i = 0; i < text.length; i += 2) {
        unsigned point =
            (unsigned)(unsigned char)text.data[i] << 8 | (unsigned char)text.data[i + 1];
        if ((point >= 0xd800 && point <= 0xdfff) || (point >= 0xfdd0 && point <= 0xfdef) ||
            point >= 0xfffe)
            return false;
    }
    return true;
}

static bool is_utf8(const ASN1_STRING *string) {
    unsigned char *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, string); /* reads each character */

    OPENSSL_free(text);
    return length >= 0;
}

static bool value_suits(const ASN1_STRING *value) {
    switch (ASN1_STRING_type(value)) {
    case V_ASN1_T61STRING:
        return true;
    case V_ASN1_PRINTABLESTRING:
        return is_printable(asn1_bytes(value));
    case V_ASN1_UTF8STRING:
        return is_utf8(value);
    case V_ASN1_BMPSTRING:
        return is_bmp(asn1_bytes(value));
    case V_ASN1_IA5STRING:
        return all_below_0x80(asn1_bytes(value));
    case V_ASN1_NUMERICSTRING:
        return is_numeric(asn1_bytes(value));
    default:
        return false;
    }
}

static bool name_suits(const X509_NAME *name) {
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        if (!value_suits(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))))
            return false;
    }
    return true;
}

/* In seconds and in UTC, as DER has it. */
static bool time_suits(const ASN1_TIME *time) {
    int length = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 13 : 15;

    return ASN1_STRING_length(time) == length && bytes_ends_with(asn1_bytes(time), BYTES("Z")) &&
           ASN1_TIME_check(time) == 1;
}

/* --- the public key --------------------------------------------------------------------------- */

bool curve_suits_go(int nid) {
    return nid == NID_secp224r1 || nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 ||
           nid == NID_secp521r1;
}

/* Modulus and exponent. */
static bool rsa_numbers_suit(struct bytes der) {
    return der_is_strict(der) && der_begins_with_numbers(der, 2);
}

static bool rsa_exponent_suits(const EVP_PKEY *key) {
    BIGNUM *exponent = NULL;
    bool suits = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                 BN_is_odd(exponent) && !BN_is_negative(exponent) && BN_num_bits(exponent) <= 31;

    BN_free(exponent);
    return suits;
}

/* Go shifts a key by the bits that are left over; libcrypto keeps their number in the flags. */
static bool has_whole_bytes(const ASN1_BIT_STRING *bits) {
    return (bits->flags & 7) == 0;
}

/* Kinds of which Go knows nothing pass there, as an authority that it can use for nothing. */
static bool public_key_suits(const X509 *certificate) {
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    const unsigned char *point = NULL;
    const void *parameters = NULL;
    X509_ALGOR *algorithm = NULL;
    int length = 0;
    int type = V_ASN1_UNDEF;

    if (key == NULL || !has_whole_bytes(X509_get0_pubkey_bitstr(certificate)) ||
        X509_PUBKEY_get0_param(NULL, &point, &length, &algorithm,
                               X509_get_X509_PUBKEY(certificate)) != 1)
        return false;
    X509_ALGOR_get0(NULL, &type, &parameters, algorithm);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return type == V_ASN1_NULL && rsa_exponent_suits(key) &&
               rsa_numbers_suit((struct bytes){(const char *)point, (size_t)length});
    case EVP_PKEY_EC:
        /* by its name, and the point in full */
        return type == V_ASN1_OBJECT && curve_suits_go(OBJ_obj2nid(parameters)) && length > 1 &&
               point[0] == 4;
    case EVP_PKEY_ED25519:
        return type == V_ASN1_UNDEF;
    default:
        return false;
    }
}

/* --- extensions ------------------------------------------------------------------------------- */

static bool number_suits(const ASN1_INTEGER *number) {
    int64_t value = 0;

    return number == NULL || (ASN1_INTEGER_get_int64(&value, number) == 1 && value >= 0);
}

static bool names_suit(const GENERAL_NAMES *names) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (!general_name_suits_go(sk_GENERAL_NAME_value(names, i)))
            return false;
    }
    return true;
}

static bool subtrees_suit(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        if (!constraint_suits_go(sk_GENERAL_SUBTREE_value(subtrees, i)->base))
            return false;
    }
    return true;
}

static bool name_constraints_suit(const NAME_CONSTRAINTS *constraints) {
    bool any = sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) > 0 ||
               sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) > 0;

    return any && subtrees_suit(constraints->permittedSubtrees) &&
           subtrees_suit(constraints->excludedSubtrees);
}

/* Go reads full names only. */
static bool distribution_points_suit(const CRL_DIST_POINTS *points) {
    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;
        if (name != NULL && name->type != 0)
            return false;
    }
    return true;
}

/* None twice. */
static bool policies_suit(const CERTIFICATEPOLICIES *policies) {
    if (sk_POLICYINFO_num(policies) > POLICIES_MAX)
        return false;
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
        for (int j = 0; j < i; j++) {
            if (OBJ_cmp(sk_POLICYINFO_value(policies, i)->policyid,
                        sk_POLICYINFO_value(policies, j)->policyid) == 0)
                return false;
        }
    }
    return true;
}

static bool policy_constraints_suit(const POLICY_CONSTRAINTS *constraints) {
    return number_suits(constraints->requireExplicitPolicy) &&
           number_suits(constraints->inhibitPolicyMapping);
}

/* What it says, once it is decoded. */
static bool content_suits(int nid, bool critical, const void *content) {
    switch (nid) {
    case NID_subject_key_identifier:
    case NID_authority_key_identifier:
    case NID_info_access:
        return !critical;
    case NID_basic_constraints:
        return number_suits(((const BASIC_CONSTRAINTS *)content)->pathlen);
    case NID_subject_alt_name:
        return names_suit(content);
    case NID_name_constraints:
        return name_constraints_suit(content);
    case NID_crl_distribution_points:
        return distribution_points_suit(content);
    case NID_certificate_policies:
        return policies_suit(content);
    case NID_policy_constraints:
        return policy_constraints_suit(content);
    case NID_inhibit_any_policy:
        return number_suits(content);
    default:
        return true;
    }
}

static void content_free(const X509V3_EXT_METHOD *method, void *content) {
    if (content == NULL)
        return;
    if (method->it != NULL)
        ASN1_item_free(content, ASN1_ITEM_ptr(method->it));
    else
        method->ext_free(content);
}

/* One that libcrypto knows has to be what its name says. */
static bool extension_suits(X509_EXTENSION *extension) {
    const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    bool critical = X509_EXTENSION_get_critical(extension) != 0;
    void *content = NULL;
    bool suits = false;

    if (method == NULL)
        return true;
    if (!der_is_strict(asn1_bytes(X509_EXTENSION_get_data(extension))))
        return false;
    content = X509V3_EXT_d2i(extension);
    suits = content != NULL && content_suits(nid, critical, content);
    content_free(method, content);
    return suits;
}

static bool extensions_suit(const X509 *certificate) {
    int count = X509_get_ext_count(certificate);

    if (count > EXTENSIONS_MAX)
        return false;
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        const ASN1_OBJECT *name = X509_EXTENSION_get_object(extension);
        if (X509_get_ext_by_OBJ(certificate, name, i) >= 0 || !extension_suits(extension))
            return false;
    }
    return true;
}

bool x509_suits_go(const X509 *certificate, struct bytes der) {
    const X509_ALGOR *signature = NULL;

    X509_get0_signature(NULL, &signature, certificate);
    return der_is_strict(der) && X509_get_version(certificate) >= X509_VERSION_1 &&
           X509_get_version(certificate) <= X509_VERSION_3 &&
           ASN1_STRING_type(X509_get0_serialNumber(certificate)) != V_ASN1_NEG_INTEGER &&
           X509_ALGOR_cmp(signature, X509_get0_tbs_sigalg(certificate)) == 0 &&
           name_suits(X509_get_issuer_name(certificate)) &&
           name_suits(X509_get_subject_name(certificate)) &&
           time_suits(X509_get0_notBefore(certificate)) &&
           time_suits(X509_get0_notAfter(certificate)) && public_key_suits(certificate) &&
           extensions_suit(certificate);
}
