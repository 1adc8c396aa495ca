// Top-k: places are partially sorted by value and then by place.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

extern "C" void topk(const float* x, float* values, int64_t* indices, int64_t M, int64_t N,
                     int64_t K) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        std::vector<int64_t> places(N);
        std::iota(places.begin(), places.end(), int64_t{0});
        std::partial_sort(places.begin(), places.begin() + K, places.end(),
                          [row](int64_t left, int64_t right) {
                              if (row[left] != row[right]) return row[left] > row[right];
                              return left < right;
                          });
        for (int64_t i = 0; i < K; ++i) {
            values[m * K + i] = row[places[i]];
            indices[m * K + i] = places[i];
        }
    }
}
