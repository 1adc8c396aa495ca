// What the judge needs of the processor itself: eviction of caches, and the speed of its memory.
#include <immintrin.h>
#include <cstdint>

extern "C" void skilldyno_flush(const char* begin, int64_t bytes) {
    constexpr int64_t line = 64;
    const char* end = begin + bytes;
    for (const char* p = begin; p < end; p += line) {
#ifdef __CLFLUSHOPT__
        _mm_clflushopt(const_cast<char*>(p));
#else
        _mm_clflush(p);
#endif
    }
    _mm_mfence();
}

extern "C" int64_t skilldyno_read(const int64_t* data, int64_t count) {
    int64_t total = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : total)
    for (int64_t i = 0; i < count; ++i) total += data[i];
    return total;
}

// Streaming stores spare the read that an ordinary store makes of the line it will overwrite.
extern "C" void skilldyno_copy(const int64_t* source, int64_t* target, int64_t count) {
#pragma omp parallel
    {
#pragma omp for schedule(static)
        for (int64_t i = 0; i < count; i += 2) {
            _mm_stream_si128(reinterpret_cast<__m128i*>(target + i),
                             _mm_load_si128(reinterpret_cast<const __m128i*>(source + i)));
        }
        _mm_sfence();
    }
}
