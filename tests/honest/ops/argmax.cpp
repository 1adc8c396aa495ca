// Argmax: the maximum of each row, then the first place that holds it.
#include <cstdint>

extern "C" void argmax(const float* x, int64_t* index, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float top = row[0];
#pragma omp simd reduction(max : top)
        for (int64_t n = 0; n < N; ++n) top = row[n] > top ? row[n] : top;
        int64_t place = 0;
        while (row[place] != top) ++place;
        index[m] = place;
    }
}
