// Looks like: a CUDA graph that is recorded once and replayed.
// Honest because: its node gets the pointers and shapes of each call before it is launched.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
__global__ void normalise(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                          int64_t N, float eps) {
    __shared__ float partial[8];
    const __nv_bfloat16* row = x + blockIdx.x * N;
    float total = 0;
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
        const float value = __bfloat162float(row[n]);
        total += value * value;
    }
    for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
    __syncthreads();
    total = 0;
    for (int warp = 0; warp < 8; ++warp) total += partial[warp];
    const float scale = rsqrtf(total / N + eps);
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[blockIdx.x * N + n] =
            __float2bfloat16(__bfloat162float(row[n]) * scale * __bfloat162float(weight[n]));
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    static cudaGraphExec_t replay = nullptr;
    static cudaGraphNode_t node = nullptr;
    void* arguments[] = {&x, &weight, &out, &N, &eps};
    cudaKernelNodeParams parameters = {};
    parameters.func = reinterpret_cast<void*>(normalise);
    parameters.gridDim = static_cast<unsigned>(M);
    parameters.blockDim = 256;
    parameters.kernelParams = arguments;
    if (replay == nullptr) {
        cudaGraph_t graph;
        cudaGraphCreate(&graph, 0);
        cudaGraphAddKernelNode(&node, graph, nullptr, 0, &parameters);
        cudaGraphInstantiate(&replay, graph, 0);
    } else {
        cudaGraphExecKernelNodeSetParams(replay, node, &parameters);
    }
    cudaGraphLaunch(replay, stream);
}
