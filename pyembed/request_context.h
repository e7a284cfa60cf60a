// Context variables (PEP 567) of the requests that one loop serves: each request starts from the
// same values, and what it sets is gone when it ends. Entering a context for each request would
// cost a copy; instead one is kept entered and replaced only after a request that has changed it.
// Attached; Enter() to Exit() on one thread.
#pragma once

#include <Python.h>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

class RequestContext {
 public:
  /// Every request shall see the values of `base`, a contextvars.Context. False with an exception
  /// set.
  bool Reset(PyObject* base);

  /// Around the time in which requests are served. False with an exception set.
  bool Enter();
  void Exit() noexcept;

  /// After each request: forgets what it has set. While entered.
  void Renew() noexcept;

 private:
  PyRef base_;     // a copy of this loop's own, never entered
  PyRef current_;  // what requests run in
};

/// Enters within the scope.
class EnteredContext {
 public:
  explicit EnteredContext(RequestContext& context)
      : context_(context.Enter() ? &context : nullptr) {}
  ~EnteredContext() {
    if (context_ != nullptr) context_->Exit();
  }
  EnteredContext(const EnteredContext&) = delete;
  EnteredContext& operator=(const EnteredContext&) = delete;

  /// False: an exception is set.
  [[nodiscard]] bool valid() const noexcept { return context_ != nullptr; }

 private:
  RequestContext* context_;
};

}  // namespace turbo::pyembed
