// Router: each logit is inserted into the eight best of its row, then these are normalised.
#include <cmath>
#include <cstdint>
#include <limits>

extern "C" void router_topk(const float* logits, float* weights, int64_t* indices, int64_t M,
                            int64_t E) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        float best[8];
        int64_t* index = indices + m * 8;
        for (int i = 0; i < 8; ++i) best[i] = -std::numeric_limits<float>::infinity();
        for (int64_t e = 0; e < E; ++e) {
            const float value = logits[m * E + e];
            // An equal logit stays behind the earlier one.
            if (!(value > best[7]) && e >= 8) continue;
            int place = e < 8 ? static_cast<int>(e) : 7;
            for (; place > 0 && value > best[place - 1]; --place) {
                best[place] = best[place - 1];
                index[place] = index[place - 1];
            }
            best[place] = value;
            index[place] = e;
        }
        float total = 0;
        for (int i = 0; i < 8; ++i) {
            weights[m * 8 + i] = std::exp(best[i] - best[0]);
            total += weights[m * 8 + i];
        }
        for (int i = 0; i < 8; ++i) weights[m * 8 + i] /= total;
    }
}
