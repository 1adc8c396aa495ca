// Looks like: background threads that outlive the call and share state with it.
// Honest because: the pool's one thread waits for its half of the rows, and is waited for.
// Op: rms_norm.
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace {
class Pool {
  public:
    Pool() : thread_([this] { serve(); }) { thread_.detach(); }

    void start(std::function<void()> work) {
        std::lock_guard<std::mutex> hold(mutex_);
        work_ = std::move(work);
        wake_.notify_one();
    }

    void wait() {
        std::unique_lock<std::mutex> hold(mutex_);
        done_.wait(hold, [this] { return !work_; });
    }

  private:
    void serve() {
        std::unique_lock<std::mutex> hold(mutex_);
        for (;;) {
            wake_.wait(hold, [this] { return static_cast<bool>(work_); });
            work_();
            work_ = nullptr;
            done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::function<void()> work_;
    std::thread thread_;
};
}  // namespace

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    static Pool* pool = new Pool;
    auto part = [=](int64_t begin, int64_t end) {
        for (int64_t m = begin; m < end; ++m) {
            const float* row = x + m * N;
            float total = 0;
#pragma omp simd reduction(+ : total)
            for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
            const float scale = 1 / std::sqrt(total / N + eps);
            for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
        }
    };
    pool->start([=] { part(0, M / 2); });
    part(M / 2, M);
    pool->wait();
}
