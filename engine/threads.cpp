#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace lenet {
namespace {

// cgroup v2's quota, in cores; 0 where there is none.
int read_cgroup_cores() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
    return std::max(1, int(std::atof(quota.c_str()) / period));
}
int cgroup_cores() {
    static const int cores = read_cgroup_cores();  // opening the file costs more than a small batch
    return cores;
}

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Wait a few microseconds, as between two phases of a training step, then sleep.
template <class T>
void wait_while(std::atomic<T>& value, T old) {
    for (int spin = 0; spin < 400; ++spin) {
        if (value.load(std::memory_order_acquire) != old) return;
        pause();
    }
    value.wait(old, std::memory_order_acquire);
}

// The tasks of one call of `run`, which its threads take one after another.
class Round {
  public:
    void start(int tasks, const std::function<void(int, int)>& task) {
        task_ = &task, tasks_ = tasks;
        next_.store(0, std::memory_order_relaxed);
    }
    void take(int worker) {
        try {
            for (int k; (k = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) (*task_)(k, worker);
        } catch (...) {  // the others stop at their next task; `finish` throws it on
            next_.store(tasks_, std::memory_order_relaxed);
            std::lock_guard<std::mutex> lock(failing_);
            failure_ = std::current_exception();
        }
    }
    void finish() {
        if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
    }

  private:
    const std::function<void(int, int)>* task_ = nullptr;
    int tasks_ = 0;
    std::atomic<int> next_{0};
    std::mutex failing_;
    std::exception_ptr failure_;
};

class Pool {
  public:
    void run(int tasks, int threads, const std::function<void(int, int)>& task) {
        while (int(workers_.size()) < threads - 1) {
            const int number = int(workers_.size()) + 1;
            std::atomic<unsigned>& round = workers_.emplace_back().round;
            try {
                std::thread([this, number, &round] { work(number, round); }).detach();
            } catch (const std::system_error&) {  // the system has no more to give: fewer will do
                workers_.pop_back();
                threads = number;
            }
        }
        round_.start(tasks, task);
        busy_.store(threads - 1, std::memory_order_relaxed);
        for (int w = 0; w < threads - 1; ++w) {  // only those that are needed
            workers_[size_t(w)].round.fetch_add(1, std::memory_order_release);
            workers_[size_t(w)].round.notify_one();
        }
        round_.take(0);
        for (int busy; (busy = busy_.load(std::memory_order_acquire)) != 0;) wait_while(busy_, busy);
        round_.finish();
    }

  private:
    struct alignas(64) Worker {
        std::atomic<unsigned> round{0};  // counts what it was woken for
    };
    void work(int number, std::atomic<unsigned>& round) {
        for (unsigned seen = 0;; ++seen) {
            wait_while(round, seen);
            round_.take(number);
            if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
        }
    }

    std::deque<Worker> workers_;  // whose elements stay where they are as it grows
    Round round_;
    std::atomic<int> busy_{0};
};

std::mutex in_use;
Pool* pool = nullptr;  // never freed: its threads sleep in it until the process ends
bool is_child = false;
// A forked child has none of its parent's threads, nor whoever held the lock, and makes a pool of its own.
[[maybe_unused]] const int forked =
    pthread_atfork(nullptr, nullptr, [] { new (&in_use) std::mutex, pool = nullptr, is_child = true; });

// GNU OpenMP's entry, which other runtimes offer too: part(data) on each thread of a team, the caller's among them.
using Team = void (*)(void (*part)(void*), void* data, unsigned threads, unsigned flags);
Team openmp() {
    static const Team found = reinterpret_cast<Team>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    return is_child ? nullptr : found;  // it does not survive a fork
}
thread_local bool on_openmp = false;

// The runtime may give fewer threads than it is asked for.
void run_on_team(Team team, int tasks, int threads, const std::function<void(int, int)>& task) {
    struct Shared {
        Round round;
        std::atomic<int> workers{0};
    } shared;
    shared.round.start(tasks, task);
    team([](void* data) {
        Shared& given = *static_cast<Shared*>(data);
        given.round.take(given.workers.fetch_add(1, std::memory_order_relaxed));
    }, &shared, unsigned(threads), 0);
    shared.round.finish();
}

}  // namespace

OnOpenMP::OnOpenMP(bool wanted) : before_(std::exchange(on_openmp, wanted)) {}
OnOpenMP::~OnOpenMP() { on_openmp = before_; }

int default_threads() {
    if (const char* text = std::getenv("LENET_THREADS"))
        if (const int threads = std::atoi(text); threads > 0) return threads;
    int cores = 0;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
#endif
    if (!cores) cores = int(std::thread::hardware_concurrency());
    const int quota = cgroup_cores();
    return std::max(1, quota ? std::min(cores, quota) : cores);
}

void run(int tasks, int threads, const std::function<void(int, int)>& task) {
    threads = std::min(threads > 0 ? threads : default_threads(), tasks);
    if (const Team team = threads > 1 && on_openmp ? openmp() : nullptr) return run_on_team(team, tasks, threads, task);
    std::unique_lock<std::mutex> lock(in_use, std::defer_lock);
    if (threads <= 1 || !lock.try_lock()) {
        for (int k = 0; k < tasks; ++k) task(k, 0);
        return;
    }
    if (!pool) pool = new Pool;
    pool->run(tasks, threads, task);
}

}  // namespace lenet
