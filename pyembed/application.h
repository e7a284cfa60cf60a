// The application as the worker sees it: loaded from its target, with what it wants done at start
// and stop. Attached, main thread.
#pragma once

#include <Python.h>

#include <string>

#include "engine/base/result.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

class Application {
 public:
  struct Config {
    std::string target;
    bool factory = false;
    bool allow_gil = false;
  };

  /// Imports the application and compiles its routes. A traceback of its own code has gone to
  /// stderr; the error (kLoadFailed) is a sentence.
  static engine::Result<Application> Load(const Config& config);

  /// What turbo._compile.compile_routes returned; borrowed.
  [[nodiscard]] PyObject* compiled() const noexcept { return compiled_.get(); }
  /// The extension module whose import switched the GIL of a free-threaded build on; empty if none
  /// did.
  [[nodiscard]] const std::string& gil_module() const noexcept { return gil_module_; }

  /// Runs the on_startup handlers in order; the first that fails is the error.
  engine::Result<void> RunStartup() const;
  /// Runs every on_shutdown handler; what they raise is logged.
  void RunShutdown() const noexcept;

 private:
  Application(PyRef compiled, std::string gil_module)
      : compiled_(std::move(compiled)), gil_module_(std::move(gil_module)) {}

  PyRef compiled_;
  std::string gil_module_;
};

}  // namespace turbo::pyembed
