// The engine's way into a turbo.App: one gateway per loop, with routes compiled for it. Made, used
// and destroyed on the loop's thread while that is attached.
#pragma once

#include <Python.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/app_gateway.h"
#include "pyembed/argument_binder.h"
#include "pyembed/module_state.h"
#include "pyembed/py_ref.h"
#include "pyembed/request_context.h"
#include "pyembed/response_conversion.h"

namespace turbo::pyembed {

class NativeGateway final : public engine::AppGateway {
 public:
  /// `compiled` is what turbo._compile.compile_routes(app) returned; several loops may share it.
  /// Null with an exception set: turbo.ConfigurationError if routes conflict.
  static std::unique_ptr<NativeGateway> Create(PyObject* compiled);

  /// Entered by whoever drives the gateway, for as long as Handle() may be called. Starts from the
  /// values that Create()'s caller had.
  [[nodiscard]] RequestContext& context() noexcept { return context_; }

  [[nodiscard]] const engine::Router& router() const override { return router_; }
  void Handle(engine::Exchange& exchange) noexcept override;

 private:
  struct Route {
    PyRef handler;
    std::unique_ptr<ArgumentBinder> binder;
    PyRef param_names;  // tuple of str
    RouteAnswer answer;
  };

  NativeGateway() = default;

  bool AddRoutes(PyObject* compiled);
  bool AddRoute(PyObject* spec);
  bool SetTrailingSlash(PyObject* compiled);

  void HandleInContext(engine::Exchange& exchange, Route& route) noexcept;
  // Answers for the pending exception, which is cleared: by the application's exception handler, as
  // an HTTPError says, or with 500 and a log record.
  void AnswerException(engine::Exchange& exchange, Route& route) noexcept;
  bool AnswerByHandler(engine::Exchange& exchange, Route& route, PyObject* exception,
                       PyObject* handler);
  // The nearest handler by the exception's bases: new reference, empty if there is none. HTTPError
  // counts as handled there.
  PyRef FindHandler(PyObject* exception) const noexcept;
  static void AnswerInternalError(engine::Exchange& exchange, const Route& route,
                                  PyObject* exception);

  PyRef module_;  // `_turbo`, which owns *state_
  const ModuleState* state_ = nullptr;
  std::unique_ptr<ResponseConverter> converter_;
  RequestContext context_;
  PyRef exception_handlers_;  // dict: type -> callable; never changed after loading
  engine::Router router_;
  std::vector<Route> routes_;  // by RouteId
};

}  // namespace turbo::pyembed
