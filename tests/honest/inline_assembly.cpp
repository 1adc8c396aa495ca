// Looks like: instructions that hide what they do.
// Honest because: the assembly is the processor's square root, and a prefetch of the next row.
// Op: rms_norm.
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static) if (M * N > 16384)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        if (m + 1 < M) asm volatile("prefetcht0 (%0)" : : "r"(row + N));
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
        float root = total / N + eps;
        asm("sqrtss %0, %0" : "+x"(root));
        const float scale = 1 / root;
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
}
