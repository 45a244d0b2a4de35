/* The floor of benchmarks/audience.py: one thread, no library, the whole job and nothing else.

   floor MEMBERS.csv OPTOUT.csv BODY: reads both (mapped into memory), normalises the numbers of column 3 (1 of the
   opt-outs), counts bad ones by reason, drops duplicates and opt-outs by bitmap, writes the numbers in order as the body of
   a request, and prints counts and a BLAKE2b-160 over the sorted numbers (RFC 7693), unkeyed. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EMPTY, MALFORMED, TOO_SHORT, TOO_LONG, LANDLINE, FOREIGN, EXPONENT, DECIMAL, REASONS };
static const char *NAMES[] = {"empty", "malformed", "too_short", "too_long", "landline", "foreign", "exponent", "decimal"};
#define BAD(reason) (-(int64_t)(reason)-1)
#define BITS 1000000000u

/* --- BLAKE2b ----------------------------------------------------------------------------------------------------- */
static const uint64_t IV[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                               0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
static const uint8_t SIGMA[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};
#define ROTR(x, n) (((x) >> (n)) | ((x) << (64 - (n))))
#define G(a, b, c, d, x, y)                                                                                            \
    v[a] += v[b] + (x), v[d] = ROTR(v[d] ^ v[a], 32), v[c] += v[d], v[b] = ROTR(v[b] ^ v[c], 24),                      \
        v[a] += v[b] + (y), v[d] = ROTR(v[d] ^ v[a], 16), v[c] += v[d], v[b] = ROTR(v[b] ^ v[c], 63)
static uint64_t h[8], hashed;
static void compress(const uint8_t *block, int last) {
    uint64_t v[16], m[16];
    memcpy(m, block, 128), memcpy(v, h, 64), memcpy(v + 8, IV, 64);
    v[12] ^= hashed, v[14] ^= last ? ~0ull : 0;
    for (int r = 0; r < 12; r++) {
        const uint8_t *s = SIGMA[r % 10];
        G(0, 4, 8, 12, m[s[0]], m[s[1]]), G(1, 5, 9, 13, m[s[2]], m[s[3]]);
        G(2, 6, 10, 14, m[s[4]], m[s[5]]), G(3, 7, 11, 15, m[s[6]], m[s[7]]);
        G(0, 5, 10, 15, m[s[8]], m[s[9]]), G(1, 6, 11, 12, m[s[10]], m[s[11]]);
        G(2, 7, 8, 13, m[s[12]], m[s[13]]), G(3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}
static uint8_t block[128];
static size_t filled;
static void hash_u32(uint32_t n) {
    if (filled == 128) hashed += 128, compress(block, 0), filled = 0;
    block[filled++] = n >> 24, block[filled++] = n >> 16, block[filled++] = n >> 8, block[filled++] = n;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */
static inline int mobile(char c) { return c == '6' || c == '8' || c == '9'; }
static inline int64_t nine(const char *d) {
    int64_t n = 0;
    for (int i = 0; i < 9; i++) n = n * 10 + (d[i] - '0');
    return n;
}
static int64_t judge(const char *s, size_t n) {
    if (n == 10 && s[0] == '0' && mobile(s[1])) {
        size_t i = 2;
        while (i < 10 && s[i] >= '0' && s[i] <= '9') i++;
        if (i == 10) return nine(s + 1);
    }
    char d[64];
    size_t k = 0, digits = 0, points = 0, after = 0;
    int plus = 0, exponent = 0;
    while (n && (s[0] == ' ' || s[0] == '\t')) s++, n--;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t')) n--;
    if (!n) return BAD(EMPTY);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = s[i];
        if (c >= '0' && c <= '9') {
            if (k < 60) d[k++] = c;
            digits++, after += points;
        } else if (c == 0xE0 && i + 2 < n && (unsigned char)s[i + 1] == 0xB9 && (unsigned char)s[i + 2] >= 0x90 &&
                   (unsigned char)s[i + 2] <= 0x99) {
            if (k < 60) d[k++] = '0' + ((unsigned char)s[i + 2] - 0x90);
            digits++, after += points, i += 2;
        } else if ((c == 'e' || c == 'E') && digits && i + 1 < n) exponent = 1;
        else if (c == '.') points++;
        else if (c == '+' && (i == 0 || exponent)) plus |= !exponent;
        else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '[' && c != ']') return BAD(MALFORMED);
    }
    if (exponent) return BAD(EXPONENT);
    if (points == 1 && after && after < 3 && digits + 1 == n) return BAD(DECIMAL);
    if (!k) return BAD(EMPTY);
    const char *p = d;
    int abroad = plus;
    if (!plus && k > 1 && p[0] == '0' && p[1] == '0') abroad = 1, p += 2, k -= 2;
    else if (!plus && k > 9 && p[0] == '6' && p[1] == '6') abroad = 1;
    if (abroad) {
        if (k < 2 || p[0] != '6' || p[1] != '6')
            return BAD(k && p[0] == '0' ? MALFORMED : k > 2 ? FOREIGN : TOO_SHORT);
        p += 2, k -= 2;
    }
    if (k && p[0] == '0') p++, k--;
    if (k == 9) return mobile(p[0]) ? nine(p) : BAD(MALFORMED);
    if (k == 8 && strchr("23457", p[0])) return BAD(LANDLINE);
    return BAD(k < 9 ? TOO_SHORT : TOO_LONG);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */
static uint64_t *seen, *opted_out;
static uint64_t rows, duplicates, excluded, kept, bad[REASONS];

static void read_list(const char *file, int column, void (*take)(int64_t)) {
    int fd = open(file, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) exit(1);
    const char *p = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *end = p + st.st_size;
    p = memchr(p, '\n', end - p) + 1;
    while (p < end) {
        for (int at = 0;; at++) {
            const char *from = p, *to;
            if (p < end && *p == '"') {
                for (from = ++p;; p++) {
                    p = memchr(p, '"', end - p);
                    if (p + 1 >= end || p[1] != '"') break;
                    p++;
                }
                to = p++;
            } else {
                while (p < end && *p != ',' && *p != '\n' && *p != '\r') p++;
                to = p;
            }
            if (at == column) take(judge(from, to - from));
            if (p >= end || *p != ',') break;
            p++;
        }
        while (p < end && (*p == '\r' || *p == '\n')) p++;
    }
}
static void take_opt_out(int64_t n) {
    if (n >= 0) opted_out[n >> 6] |= 1ull << (n & 63);
}
static void take_member(int64_t n) {
    rows++;
    if (n < 0) bad[-n - 1]++;
    else if (seen[n >> 6] >> (n & 63) & 1) duplicates++;
    else seen[n >> 6] |= 1ull << (n & 63);
}

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    seen = calloc(BITS / 64, 8), opted_out = calloc(BITS / 64, 8);
    read_list(argv[2], 0, take_opt_out);
    read_list(argv[1], 2, take_member);
    memcpy(h, IV, 64), h[0] ^= 0x01010000 ^ 20;
    FILE *body = fopen(argv[3], "w");
    static char out[1 << 20];
    size_t used = sprintf(out, "{\"sender\":\"SiamCoffee\",\"msisdns\":[");
    for (uint32_t word = 0; word < BITS / 64; word++) {
        uint64_t left = seen[word];
        excluded += __builtin_popcountll(left & opted_out[word]);
        for (left &= ~opted_out[word]; left; left &= left - 1) {
            uint32_t n = word * 64 + __builtin_ctzll(left);
            hash_u32(n);
            if (used > sizeof out - 64) fwrite(out, 1, used, body), used = 0;
            if (kept++) out[used++] = ',';
            memcpy(out + used, "\"66", 3);
            for (int i = 8; i >= 0; i--, n /= 10) out[used + 3 + i] = '0' + n % 10;
            out[used + 12] = '"', used += 13;
        }
    }
    used += sprintf(out + used, "]}");
    fwrite(out, 1, used, body), fclose(body);
    memset(block + filled, 0, 128 - filled), hashed += filled, compress(block, 1);
    printf("rows %lu recipients %lu duplicates %lu excluded %lu", rows, kept, duplicates, excluded);
    for (int i = 0; i < REASONS; i++)
        if (bad[i]) printf(" %s %lu", NAMES[i], bad[i]);
    printf(" digest ");
    for (int i = 0; i < 20; i++) printf("%02x", ((uint8_t *)h)[i]);
    puts("");
}
