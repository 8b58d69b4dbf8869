/* SPDX-License-Identifier: Apache-2.0 */

/* A base config may be gzipped: the config that the Prometheus operator writes is. It is unpacked
 * piece by piece and never beyond the limit, so that a small file cannot fill the memory. */

#include "source/gzip.h"

#include "base/compiler.h"
#include "base/memory.h"

#include <errno.h>
#include <zlib.h>

/* Window of 2^15 bytes; 16 more asks zlib for gzip's frame and its checksum, and nothing else. */
#define GZIP_WINDOW_BITS (15 + 16)

static const size_t piece_size = (size_t)64 * 1024;

static void inflate_end(z_stream *stream) {
    inflateEnd(stream);
}

/* One piece more, of a byte over the limit at most: that byte shows that there is too much. */
static int inflate_piece(z_stream *stream, size_t limit, struct buffer *out) {
    size_t room = limit - out->length;
    size_t size = room < piece_size ? room + 1 : piece_size;

    stream->next_out = (Bytef *)buffer_reserve(out, size);
    stream->avail_out = (uInt)size;
    int result = inflate(stream, Z_NO_FLUSH);
    out->length += size - stream->avail_out;
    return result;
}

static int inflate_members(z_stream *stream, size_t limit, struct buffer *out) {
    for (;;) {
        int result = inflate_piece(stream, limit, out);
        if (result == Z_MEM_ERROR) {
            memory_exhausted();
        }
        if (out->length > limit) {
            return -EFBIG;
        }
        if (result == Z_STREAM_END && stream->avail_in == 0) {
            return 0;
        }
        if (result == Z_STREAM_END) {
            result = inflateReset(stream);
        }
        if (result != Z_OK) {
            return -EBADMSG;
        }
    }
}

bool gzip_begins(struct bytes content) {
    static const char magic[] = {'\x1f', '\x8b', '\x08'};

    return bytes_starts_with(content, (struct bytes){magic, sizeof(magic)});
}

int gzip_decode(struct buffer *content, size_t limit) {
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(inflate_end) z_stream stream = {0};

    if (!gzip_begins(buffer_bytes(content))) {
        return 0;
    }
    if (content->length > UINT32_MAX) {
        return -EFBIG;
    }
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK) {
        memory_exhausted();
    }
    stream.next_in = (Bytef *)content->data;
    stream.avail_in = (uInt)content->length;
    int error = inflate_members(&stream, limit, &out);
    if (error < 0) {
        return error;
    }
    /* The text ends in NUL as it does when it comes from disk. */
    buffer_string(&out);
    buffer_free(content);
    *content = out;
    out = (struct buffer){0};
    return 0;
}
