#include "pyembed/python_wait_observer.h"

#include "pyembed/error_report.h"
#include "pyembed/thread_state.h"

namespace turbo::pyembed {

bool PythonWaitObserver::polls_first() const noexcept {
  if (!config_.shares_gil) return false;
  if (Clock::now() - attached_at_ >= kLongestHold) {
    {
      const DetachedScope others_turn;
    }
    attached_at_ = Clock::now();
  }
  return true;
}

void PythonWaitObserver::BeforeWait() noexcept { state_ = PyEval_SaveThread(); }

void PythonWaitObserver::AfterWait() noexcept {
  PyEval_RestoreThread(state_);
  state_ = nullptr;
  if (config_.shares_gil) attached_at_ = Clock::now();
  // What the application set with signal.signal() runs in the main thread, which may not run any
  // Python code for long.
  if (config_.main_thread && PyErr_CheckSignals() != 0) [[unlikely]] {
    LogPendingException("A signal handler of the application raised an exception");
  }
}

}  // namespace turbo::pyembed
