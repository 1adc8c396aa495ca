// What most kernels use of torch's largest headers, which take a compiler twenty seconds: tensors,
// dispatch by element type, parallel loops.  It stands in for them in a first attempt; whatever does
// not compile with it is compiled with torch's own, and only that counts as a failure.
#ifndef SKILLDYNO_BRIEF_TORCH
#define SKILLDYNO_BRIEF_TORCH

#if defined(TORCH_STABLE_ONLY) || defined(TORCH_TARGET_VERSION)
#error "the stable ABI leaves this header out"
#endif

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <optional>

namespace torch {
using namespace at;
using std::nullopt;
using std::optional;
using Dtype = at::ScalarType;
constexpr auto kUInt8 = at::kByte;
constexpr auto kInt8 = at::kChar;
constexpr auto kInt16 = at::kShort;
constexpr auto kInt32 = at::kInt;
constexpr auto kInt64 = at::kLong;
constexpr auto kFloat16 = at::kHalf;
constexpr auto kFloat32 = at::kFloat;
constexpr auto kFloat64 = at::kDouble;
}  // namespace torch

#endif
