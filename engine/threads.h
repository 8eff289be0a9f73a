// A pool of threads that sleep when idle; it grows to the most that were asked for.
#pragma once
#include <functional>

namespace lenet {

// LENET_THREADS, else the cores this process may use by affinity and cgroup quota.
int default_threads();

// Call task(index, worker) for each index below `tasks`, on at most `threads` threads, the caller's among them.
// Which worker does what changes from run to run: results must not depend on it. A single task, or a pool that is busy
// for another caller, is done on the caller's thread.
void run(int tasks, int threads, const std::function<void(int, int)>& task);

// While one lives, `run` on its thread uses the threads of the OpenMP runtime that the process has loaded, if any, and
// not the pool. A framework that computes with OpenMP leaves these spinning for milliseconds after each of its loops,
// on the cores where the pool's threads would have to run.
class OnOpenMP {
  public:
    explicit OnOpenMP(bool wanted);
    ~OnOpenMP();

  private:
    bool before_;
};

}  // namespace lenet
