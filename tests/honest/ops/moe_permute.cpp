// Tokens brought together by expert: a stable counting sort of the pairs, then the copies.
#include <cstdint>
#include <cstring>
#include <vector>

extern "C" void moe_permute(const float* x, const int64_t* expert, float* out, int32_t* position,
                            int64_t T, int64_t K, int64_t E, int64_t H) {
    std::vector<int32_t> next(E + 1, 0);
    for (int64_t pair = 0; pair < T * K; ++pair) ++next[expert[pair] + 1];
    for (int64_t e = 0; e < E; ++e) next[e + 1] += next[e];
    for (int64_t pair = 0; pair < T * K; ++pair) position[pair] = next[expert[pair]]++;
#pragma omp parallel for schedule(static)
    for (int64_t pair = 0; pair < T * K; ++pair) {
        std::memcpy(out + position[pair] * H, x + pair / K * H, H * sizeof(float));
    }
}
