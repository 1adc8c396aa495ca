// Top-k: a heap of the k best so far, whose root is the worst of them, and a sort at the end.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

extern "C" void topk(const float* x, float* values, int64_t* indices, int64_t M, int64_t N,
                     int64_t k) {
    using Entry = std::pair<float, int64_t>;
    const auto before = [](const Entry& left, const Entry& right) {
        return left.first > right.first ||
               (left.first == right.first && left.second < right.second);
    };
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        std::vector<Entry> kept;
        for (int64_t n = 0; n < k; ++n) kept.emplace_back(row[n], n);
        std::make_heap(kept.begin(), kept.end(), before);
        for (int64_t n = k; n < N; ++n) {
            // An equal element further on comes after those that are kept.
            if (!(row[n] > kept.front().first)) continue;
            std::pop_heap(kept.begin(), kept.end(), before);
            kept.back() = {row[n], n};
            std::push_heap(kept.begin(), kept.end(), before);
        }
        std::sort(kept.begin(), kept.end(), before);
        for (int64_t i = 0; i < k; ++i) {
            values[m * k + i] = kept[i].first;
            indices[m * k + i] = kept[i].second;
        }
    }
}
