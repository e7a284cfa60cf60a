// Turns a request into a handler's positional arguments, as its signature asks: path, query, body
// and the request itself. Compiled once per loop from turbo._compile's description; then Bind does
// no look-up by name beyond the query string. Needs an attached thread state; one loop's thread.
#pragma once

#include <Python.h>

#include <cstddef>
#include <memory>

#include "engine/http/exchange.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

enum class BindStatus : std::uint8_t {
  kBound,    ///< every argument is set (new references)
  kInvalid,  ///< `errors` holds a list of {"loc", "msg", "type"} dicts: answer 422
  kRaised,   ///< a Python exception is set
};

class ArgumentBinder {
 public:
  /// `arguments` is RouteSpec.arguments of turbo/_compile.py. Null with a Python exception set if
  /// it is malformed.
  static std::unique_ptr<ArgumentBinder> Compile(PyObject* arguments);
  ~ArgumentBinder();

  /// How many positional arguments the handler takes; at most kMaxArguments.
  [[nodiscard]] std::size_t count() const;

  /// Fills args[0 .. count()) with new references on kBound, and none otherwise. All errors of a
  /// request are gathered, not only the first.
  BindStatus Bind(engine::Exchange& exchange, PyObject** args, PyRef& errors) const;

  static constexpr std::size_t kMaxArguments = 64;

 private:
  struct Impl;
  explicit ArgumentBinder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The exchange's Request object: made at the first call, the same one after that (kept in
/// Exchange::user_data). New reference; empty with an exception set on failure. Defined in
/// request_object.cc.
PyRef RequestObject(engine::Exchange& exchange);

}  // namespace turbo::pyembed
