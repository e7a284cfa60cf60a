// The `Request` that handlers see: a Python object over an Exchange. Its parts are made when first
// asked for and then kept. The exchange's views end with the response, the object may live on:
// RequestScope parts the two, and what an object that somebody has kept may still be asked for is
// copied then. Needs an attached thread state.
#pragma once

#include <Python.h>

#include "engine/http/exchange.h"
#include "pyembed/module_state.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// Makes the type for `module`. Empty with an exception set on failure.
PyRef MakeRequestType(PyObject* module);

/// Makes RequestObject(exchange) work for as long as it lives, on the loop's thread: it is what
/// Exchange::user_data points to. `param_names` is what the pattern's parameters are called, for
/// Request.path_params: a tuple of str, or null.
class RequestScope {
 public:
  RequestScope(engine::Exchange& exchange, const ModuleState& state, PyObject* param_names) noexcept
      : exchange_(exchange), state_(state), param_names_(param_names) {
    exchange.user_data = this;
  }
  ~RequestScope() {
    exchange_.user_data = nullptr;
    if (object_ != nullptr) Part();
  }
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

  /// The one Request of this exchange. New reference; empty with an exception set on failure.
  PyRef Object();

 private:
  void Part() noexcept;

  engine::Exchange& exchange_;
  const ModuleState& state_;
  PyObject* param_names_;       // borrowed from the route, which outlives the scope
  PyObject* object_ = nullptr;  // owned; not a PyRef so that a request without one costs nothing
};

}  // namespace turbo::pyembed
