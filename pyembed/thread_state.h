// Being attached to the interpreter, as scopes. A thread owns one PyThreadState for its life; it is
// attached while it runs handlers and detached while it sleeps or waits. On a free-threaded build
// "attached" holds no lock, but a thread that sleeps attached would still hold up garbage
// collection.
#pragma once

#include <Python.h>

namespace turbo::pyembed {

/// Detached from the interpreter within the scope. The thread must be attached.
class DetachedScope {
 public:
  DetachedScope() noexcept : state_(PyEval_SaveThread()) {}
  ~DetachedScope() { PyEval_RestoreThread(state_); }
  DetachedScope(const DetachedScope&) = delete;
  DetachedScope& operator=(const DetachedScope&) = delete;

 private:
  PyThreadState* state_;
};

/// A thread state of this thread's own, attached within the scope. For a thread that Python did not
/// start.
class OwnThreadState {
 public:
  explicit OwnThreadState(PyInterpreterState* interpreter)
      : state_(PyThreadState_New(interpreter)) {
    if (state_ != nullptr) PyEval_RestoreThread(state_);
  }
  ~OwnThreadState() {
    if (state_ == nullptr) return;
    PyThreadState_Clear(state_);
    PyThreadState_DeleteCurrent();
  }
  OwnThreadState(const OwnThreadState&) = delete;
  OwnThreadState& operator=(const OwnThreadState&) = delete;

  /// False: there was no memory for it, and the thread is not attached.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }

 private:
  PyThreadState* state_;
};

}  // namespace turbo::pyembed
