// Top-k: a block a row, which finds the next largest element K times over.
#include <cstdint>

constexpr int THREADS = 1024;

struct Entry {
    float value;
    int64_t place;
};

__device__ bool before(const Entry& left, const Entry& right) {
    if (left.place < 0 || right.place < 0) return right.place < 0 && left.place >= 0;
    return left.value > right.value || (left.value == right.value && left.place < right.place);
}

__global__ void select(const float* x, float* values, int64_t* indices, int64_t N, int64_t K) {
    const float* row = x + blockIdx.x * N;
    __shared__ Entry best[THREADS];
    Entry last = {0, -1};
    for (int64_t i = 0; i < K; ++i) {
        Entry found = {0, -1};
        for (int64_t n = threadIdx.x; n < N; n += THREADS) {
            const Entry entry = {row[n], n};
            if ((i == 0 || before(last, entry)) && before(entry, found)) found = entry;
        }
        best[threadIdx.x] = found;
        __syncthreads();
        for (int half = THREADS / 2; half > 0; half /= 2) {
            if (threadIdx.x < half && before(best[threadIdx.x + half], best[threadIdx.x])) {
                best[threadIdx.x] = best[threadIdx.x + half];
            }
            __syncthreads();
        }
        last = best[0];
        if (threadIdx.x == 0) {
            values[blockIdx.x * K + i] = last.value;
            indices[blockIdx.x * K + i] = last.place;
        }
        __syncthreads();
    }
}

extern "C" void topk(const float* x, float* values, int64_t* indices, int64_t M, int64_t N,
                     int64_t K, cudaStream_t stream) {
    select<<<M, THREADS, 0, stream>>>(x, values, indices, N, K);
}
