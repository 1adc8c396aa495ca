// A DDIM step with guidance: four coefficients of a sample, then one pass.
#include <cmath>
#include <cstdint>

extern "C" void scheduler_step(const float* sample, const float* cond, const float* uncond,
                               const float* alpha, const float* alpha_next, float* out, int64_t B,
                               int64_t C, int64_t H, int64_t W, float guidance) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < B * C; ++row) {
        const int64_t b = row / C;
        const float kept = std::sqrt(1 - alpha[b]);
        const float shrunk = std::sqrt(alpha[b]);
        const float next_clean = std::sqrt(alpha_next[b]);
        const float next_noise = std::sqrt(1 - alpha_next[b]);
        for (int64_t at = row * H * W; at < (row + 1) * H * W; ++at) {
            const float noise = uncond[at] + guidance * (cond[at] - uncond[at]);
            const float clean = (sample[at] - kept * noise) / shrunk;
            out[at] = next_clean * clean + next_noise * noise;
        }
    }
}
