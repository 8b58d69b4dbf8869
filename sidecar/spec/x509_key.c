/* SPDX-License-Identifier: Apache-2.0 */

/* What Go's parsers of private keys ask beyond what d2i_AutoPrivateKey does. */

#include "spec/x509.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>

#include <limits.h>

/* More is not a key, and takes long to reckon with. */
#define RSA_BITS_MAX 16384

enum {
    N,
    E,
    D,
    P,
    Q,
    DP,
    DQ,
    QINV,
    NUMBERS
};

struct rsa {
    BIGNUM *numbers[NUMBERS];
    BIGNUM *scratch;
    BIGNUM *less; /* a prime without 1 */
    BN_CTX *context;
};

static void rsa_free(struct rsa *rsa) {
    for (size_t i = 0; i < NUMBERS; i++)
        BN_clear_free(rsa->numbers[i]);
    BN_clear_free(rsa->scratch);
    BN_clear_free(rsa->less);
    BN_CTX_free(rsa->context);
}

/* Keys of more than two primes go by: Go has deprecated them. */
static bool rsa_read(struct rsa *rsa, const EVP_PKEY *key) {
    static const char *const names[NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    BIGNUM *third = NULL;
    bool more = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) == 1;

    BN_clear_free(third);
    rsa->scratch = BN_new();
    rsa->less = BN_new();
    rsa->context = BN_CTX_new();
    if (rsa->scratch == NULL || rsa->less == NULL || rsa->context == NULL)
        memory_exhausted();
    for (size_t i = 0; i < NUMBERS; i++) {
        if (EVP_PKEY_get_bn_param(key, names[i], &rsa->numbers[i]) != 1 ||
            BN_is_zero(rsa->numbers[i]) || BN_is_negative(rsa->numbers[i]))
            return false;
    }
    return !more;
}

static bool are_inverse(struct rsa *rsa, const BIGNUM *left, const BIGNUM *right,
                        const BIGNUM *modulus) {
    return BN_mod_mul(rsa->scratch, left, right, modulus, rsa->context) == 1 &&
           BN_is_one(rsa->scratch);
}

/* An odd number, d modulo it less 1, and e the inverse of that. That it is a prime Go does not ask
 * either: it would take seconds. */
static bool rsa_prime_fits(struct rsa *rsa, const BIGNUM *prime, const BIGNUM *exponent) {
    return BN_is_odd(prime) && !BN_is_one(prime) && BN_sub(rsa->less, prime, BN_value_one()) == 1 &&
           BN_nnmod(rsa->scratch, rsa->numbers[D], rsa->less, rsa->context) == 1 &&
           BN_cmp(rsa->scratch, exponent) == 0 &&
           are_inverse(rsa, rsa->numbers[E], exponent, rsa->less);
}

/* Nothing that gives the key away, for which Go refuses it as well: primes side by side, a small
 * d. */
static bool rsa_is_not_weak(struct rsa *rsa) {
    int half = BN_num_bits(rsa->numbers[N]) / 2;

    return BN_sub(rsa->scratch, rsa->numbers[P], rsa->numbers[Q]) == 1 &&
           BN_num_bits(rsa->scratch) > half - 100 && !BN_is_zero(rsa->scratch) &&
           BN_num_bits(rsa->numbers[D]) > half;
}

static bool rsa_fits_together(struct rsa *rsa) {
    BIGNUM **numbers = rsa->numbers;

    return BN_num_bits(numbers[N]) <= RSA_BITS_MAX && BN_num_bits(numbers[E]) <= 31 &&
           !BN_is_one(numbers[E]) && BN_ucmp(numbers[D], numbers[N]) < 0 &&
           BN_ucmp(numbers[P], numbers[N]) < 0 && BN_ucmp(numbers[Q], numbers[N]) < 0 &&
           BN_mul(rsa->scratch, numbers[P], numbers[Q], rsa->context) == 1 &&
           BN_cmp(rsa->scratch, numbers[N]) == 0 && rsa_prime_fits(rsa, numbers[P], numbers[DP]) &&
           rsa_prime_fits(rsa, numbers[Q], numbers[DQ]) && BN_ucmp(numbers[QINV], numbers[P]) < 0 &&
           are_inverse(rsa, numbers[QINV], numbers[Q], numbers[P]) && rsa_is_not_weak(rsa);
}

static bool rsa_suits(const EVP_PKEY *key) {
    CLEANUP(rsa_free) struct rsa rsa = {0};

    return rsa_read(&rsa, key) && rsa_fits_together(&rsa);
}

/* The number and the point, which Go takes from the number and libcrypto from the file. */
static bool pair_suits(EVP_PKEY *key) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool suits = false;

    if (context == NULL)
        memory_exhausted();
    suits = EVP_PKEY_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return suits;
}

static bool ec_suits(EVP_PKEY *key) {
    char curve[64] = "";
    int explicitly = 1;

    return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &explicitly) == 1 &&
           explicitly == 0 && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
           curve_suits_go(OBJ_sn2nid(curve)) && pair_suits(key);
}

/* As PKCS #1 or SEC 1 have it, or what RFC 8410 wraps. */
static bool bare_form_suits(int kind, struct bytes der) {
    if (!der_is_strict(der))
        return false;
    switch (kind) {
    case EVP_PKEY_RSA:
        return der_begins_with_numbers(der, 1 + NUMBERS);
    case EVP_PKEY_EC:
        return bytes_starts_with(der_content(der), BYTES("\x02\x01\x01")); /* its version */
    default:
        return true;
    }
}

/* The file, and, of PKCS #8, what it wraps. */
static bool form_suits(int kind, struct bytes der) {
    const unsigned char *end = (const unsigned char *)der.data;
    const unsigned char *inner = NULL;
    PKCS8_PRIV_KEY_INFO *wrap = NULL;
    struct bytes bare = der;
    bool suits = der.length <= LONG_MAX && der_is_strict(der);
    int length = 0;

    if (suits)
        wrap = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, (long)der.length);
    if (wrap != NULL && PKCS8_pkey_get0(NULL, &inner, &length, NULL, wrap) == 1)
        bare = (struct bytes){(const char *)inner, (size_t)length};
    suits = suits && bare_form_suits(kind, bare);
    PKCS8_PRIV_KEY_INFO_free(wrap);
    return suits;
}

bool key_suits_go(EVP_PKEY *key, struct bytes der) {
    int kind = EVP_PKEY_get_base_id(key);

    if (!form_suits(kind, der))
        return false;
    switch (kind) {
    case EVP_PKEY_RSA:
        return rsa_suits(key);
    case EVP_PKEY_EC:
        return ec_suits(key);
    default:
        return pair_suits(key);
    }
}
