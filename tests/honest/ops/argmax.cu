// Argmax: one block a row; among equal elements the lowest place wins.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kThreads = 512;

struct Best {
    float value;
    int64_t place;
};

__device__ Best better(Best left, Best right) {
    const bool first = left.value > right.value ||
                       (left.value == right.value && left.place < right.place);
    return first ? left : right;
}

__global__ void find_largest(const __nv_bfloat16* x, int64_t* index, int64_t N) {
    __shared__ Best found[kThreads];
    const __nv_bfloat16* row = x + blockIdx.x * N;
    // A thread without elements repeats the first one.
    Best best{__bfloat162float(row[0]), 0};
    for (int64_t n = threadIdx.x; n < N; n += kThreads)
        best = better(best, Best{__bfloat162float(row[n]), n});
    found[threadIdx.x] = best;
    for (int half = kThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            found[threadIdx.x] = better(found[threadIdx.x], found[threadIdx.x + half]);
    }
    if (threadIdx.x == 0) index[blockIdx.x] = found[0].place;
}
}  // namespace

extern "C" void argmax(const __nv_bfloat16* x, int64_t* index, int64_t M, int64_t N,
                       cudaStream_t stream) {
    find_largest<<<M, kThreads, 0, stream>>>(x, index, N);
}
