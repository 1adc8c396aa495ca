// Rows added by a sorted index: a block finds the terms of one row by bisection, and adds them.
#include <cstdint>
#include <cuda_bf16.h>

namespace {

constexpr int kThreads = 256;

__device__ int64_t first_not_below(const int64_t* index, int64_t T, int64_t v) {
    int64_t low = 0;
    int64_t high = T;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (index[middle] < v) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

__global__ void row(const __nv_bfloat16* base, const int64_t* index, const __nv_bfloat16* source,
                    __nv_bfloat16* out, int64_t T, int64_t D) {
    const int64_t v = blockIdx.x;
    const int64_t first = first_not_below(index, T, v);
    const int64_t last = first_not_below(index, T, v + 1);
    for (int64_t d = threadIdx.x; d < D; d += kThreads) {
        float total = __bfloat162float(base[v * D + d]);
        for (int64_t t = first; t < last; ++t) total += __bfloat162float(source[t * D + d]);
        out[v * D + d] = __float2bfloat16(total);
    }
}

}  // namespace

extern "C" void index_add(const __nv_bfloat16* base, const int64_t* index,
                          const __nv_bfloat16* source, __nv_bfloat16* out, int64_t T, int64_t V,
                          int64_t D, cudaStream_t stream) {
    row<<<static_cast<unsigned>(V), kThreads, 0, stream>>>(base, index, source, out, T, D);
}
