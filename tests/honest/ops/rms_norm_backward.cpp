// Backward of RMS normalisation: a static share of the rows a thread, whose dweight is added up in
// the order of the threads.
#include <omp.h>

#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void rms_norm_backward(const float* dy, const float* x, const float* weight, float* dx,
                                  float* dweight, int64_t M, int64_t N, float eps) {
    const int64_t threads = omp_get_max_threads();
    std::vector<float> partial(threads * N, 0.0f);
#pragma omp parallel for schedule(static)
    for (int64_t thread = 0; thread < threads; ++thread) {
        float* own = partial.data() + thread * N;
        for (int64_t m = M * thread / threads; m < M * (thread + 1) / threads; ++m) {
            const float* v = x + m * N;
            const float* d = dy + m * N;
            float squares = 0, products = 0;
#pragma omp simd reduction(+ : squares)
            for (int64_t n = 0; n < N; ++n) squares += v[n] * v[n];
            const float r = 1 / std::sqrt(squares / N + eps);
#pragma omp simd reduction(+ : products)
            for (int64_t n = 0; n < N; ++n) products += d[n] * weight[n] * (v[n] * r);
            const float mean = products / N;
#pragma omp simd
            for (int64_t n = 0; n < N; ++n) {
                const float h = v[n] * r;
                dx[m * N + n] = r * (d[n] * weight[n] - h * mean);
                own[n] += d[n] * h;
            }
        }
    }
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
        float sum = 0;
        for (int64_t thread = 0; thread < threads; ++thread) sum += partial[thread * N + n];
        dweight[n] = sum;
    }
}
