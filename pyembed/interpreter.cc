#include "pyembed/interpreter.h"

#include <array>
#include <string_view>

#include "pyembed/error_report.h"
#include "pyembed/module_state.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;

std::string StatusText(const PyStatus& status) {
  std::string text = status.err_msg != nullptr ? status.err_msg : "unknown reason";
  if (status.func != nullptr) text = std::string(status.func) + ": " + text;
  return text;
}

class Config {
 public:
  Config() { PyConfig_InitPythonConfig(&config_); }
  ~Config() { PyConfig_Clear(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  PyStatus Fill(const InterpreterConfig& wanted) {
    config_.parse_argv = 0;
    config_.install_signal_handlers =
        0;  // the worker has handlers of its own; Python's would take SIGINT
    if (!wanted.executable.empty()) {
      // As a shell would name it: getpath looks for pyvenv.cfg beside it and finds the prefix from
      // there.
      PyStatus status =
          PyConfig_SetBytesString(&config_, &config_.program_name, wanted.executable.c_str());
      if (PyStatus_Exception(status)) return status;
      status = PyConfig_SetBytesString(&config_, &config_.executable, wanted.executable.c_str());
      if (PyStatus_Exception(status)) return status;
    }
    std::string target = wanted.target;
    std::array<char*, 1> argv = {target.data()};
    return PyConfig_SetBytesArgv(&config_, 1, argv.data());
  }

  PyStatus Initialize() { return Py_InitializeFromConfig(&config_); }

 private:
  PyConfig config_;
};

// False with an exception set.
bool AppendToPath(const std::string& folder) {
  const PyRef path = ImportAttribute("sys", "path");
  const PyRef entry = PyRef::Steal(PyUnicode_DecodeFSDefault(folder.c_str()));
  if (!path || !entry) return false;
  const int present = PySequence_Contains(path.get(), entry.get());
  if (present < 0) return false;
  return present == 1 || PyList_Append(path.get(), entry.get()) == 0;
}

}  // namespace

Result<std::unique_ptr<Interpreter>> Interpreter::Start(const InterpreterConfig& config) {
  if (PyImport_AppendInittab("_turbo", &PyInit__turbo) != 0) {
    return Fail(ExitCode::kFailure, "there is no memory for Python");
  }
  Config python;
  PyStatus status = python.Fill(config);
  if (!PyStatus_Exception(status)) status = python.Initialize();
  if (PyStatus_Exception(status)) {
    return Fail(ExitCode::kLoadFailed, "Python cannot be started as " + config.executable + ": " +
                                           StatusText(status) + ".");
  }
  std::unique_ptr<Interpreter> interpreter(new Interpreter(PyInterpreterState_Get()));
  if (!config.package_dir.empty() && !AppendToPath(config.package_dir)) {
    const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
    return Fail(ExitCode::kLoadFailed,
                "Python cannot be set up: " + ExceptionSummary(exception.get()) + ".");
  }
  return interpreter;
}

Interpreter::~Interpreter() { Py_FinalizeEx(); }

std::string Interpreter::Description() {
  std::string text = "CPython ";
  const std::string_view version = Py_GetVersion();
  text += version.substr(0, version.find(' '));
#ifdef Py_GIL_DISABLED
  text += " free-threaded, GIL ";
  text += GilEnabled() ? "on" : "off";
#else
  text += ", GIL on";
#endif
  return text;
}

}  // namespace turbo::pyembed
