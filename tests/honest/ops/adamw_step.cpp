// AdamW: one pass over the parameters; the bias corrections are taken once, in double.
#include <cmath>
#include <cstdint>

extern "C" void adamw_step(const float* param, const float* grad, const float* m, const float* v,
                           float* new_param, float* new_m, float* new_v, int64_t N, float lr,
                           float beta1, float beta2, float eps, float weight_decay, int64_t step) {
    const float correction1 = static_cast<float>(1 - std::pow(double{beta1}, double(step)));
    const float correction2 = static_cast<float>(1 - std::pow(double{beta2}, double(step)));
    const float kept = 1 - lr * weight_decay;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < N; ++i) {
        const float first = beta1 * m[i] + (1 - beta1) * grad[i];
        const float second = beta2 * v[i] + (1 - beta2) * grad[i] * grad[i];
        const float update = first / correction1 / (std::sqrt(second / correction2) + eps);
        new_param[i] = param[i] * kept - lr * update;
        new_m[i] = first;
        new_v[i] = second;
    }
}
