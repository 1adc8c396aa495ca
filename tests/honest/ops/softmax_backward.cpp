// Backward of softmax from its input: the exponentials wait in the output.
#include <cmath>
#include <cstdint>

extern "C" void softmax_backward(const float* dy, const float* x, float* dx, int64_t M,
                                 int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        const float* d = dy + m * N;
        float* target = dx + m * N;
        float top = row[0];
#pragma omp simd reduction(max : top)
        for (int64_t n = 0; n < N; ++n) top = row[n] > top ? row[n] : top;
        for (int64_t n = 0; n < N; ++n) target[n] = std::exp(row[n] - top);
        float sum = 0, products = 0;
#pragma omp simd reduction(+ : sum, products)
        for (int64_t n = 0; n < N; ++n) {
            sum += target[n];
            products += target[n] * d[n];
        }
        const float inverse = 1 / sum, mean = products * inverse;
#pragma omp simd
        for (int64_t n = 0; n < N; ++n) target[n] = target[n] * inverse * (d[n] - mean);
    }
}
