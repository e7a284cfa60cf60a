#include "pyembed/worker.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/loop/access_log.h"
#include "engine/loop/event_loop.h"
#include "engine/worker/shared_counters.h"
#include "engine/worker/worker_protocol.h"
#include "pyembed/application.h"
#include "pyembed/control_thread.h"
#include "pyembed/error_report.h"
#include "pyembed/interpreter.h"
#include "pyembed/native_gateway.h"
#include "pyembed/py_util.h"
#include "pyembed/python_wait_observer.h"
#include "pyembed/stop_signals.h"
#include "pyembed/thread_state.h"

namespace turbo::pyembed {
namespace {

using engine::ControlType;
using engine::Error;
using engine::ExitCode;
using engine::Fail;
using engine::Result;

// After the application has failed to load: for its threads and atexit handlers.
constexpr std::chrono::milliseconds kFailedExitPatience{2'000};

// What the pending exception, which is cleared, says.
std::string PendingSentence() {
  const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  std::string sentence = exception ? DisplayText(exception.get()) : "Python failed";
  if (!sentence.ends_with('.')) sentence += '.';
  return sentence;
}

class Worker {
 public:
  Worker(const engine::WorkerConfig& config, ControlThread& control,
         engine::SharedCounters& counters)
      : config_(config), control_(control), counters_(counters) {
    shared_.max_connections = config.max_connections;
    shared_.max_inflight = config.max_inflight;
  }

  /// From an attached thread with a started interpreter to the end of service. The interpreter is
  /// still there.
  Result<void> Run(const Interpreter& interpreter);

 private:
  Result<std::unique_ptr<NativeGateway>> MakeGateway() const;
  // One loop on the calling thread, attached, from its making to its end.
  void ServeLoop(std::size_t index) noexcept;
  Result<void> TryServeLoop(std::size_t index);
  void Arrive();
  void RecordFailure(Error error);
  void RunThreads(const Interpreter& interpreter);

  const engine::WorkerConfig& config_;
  ControlThread& control_;
  engine::SharedCounters& counters_;
  engine::ProcessShared shared_;
  std::optional<Application> application_;
  std::unique_ptr<NativeGateway> first_gateway_;  // until loop 0, on the same thread, takes it
  PyRef context_;  // contextvars.Context that every request starts from
  bool shares_gil_ = false;
  std::string description_;
  std::atomic<std::uint32_t> accepting_{0};

  std::mutex failure_mutex_;  // guards failure_
  std::optional<Error> failure_;
};

Result<void> Worker::Run(const Interpreter& interpreter) {
  Result<Application> application =
      Application::Load({config_.target, config_.factory, config_.allow_gil});
  if (!application) return std::unexpected<Error>(application.error());
  application_.emplace(std::move(*application));
  if (control_.stopping()) return {};
  if (!application_->gil_module().empty()) {
    const std::string notice = "the extension module \"" + application_->gil_module() +
                               "\" does not support free-threading and switched the GIL on";
    engine::SendControl(config_.control_fd, ControlType::kNotice, notice);
  }
  description_ = Interpreter::Description();
  shares_gil_ = config_.loops > 1 && GilEnabled();
  // Routes that conflict are found before anything of the application runs.
  Result<std::unique_ptr<NativeGateway>> gateway = MakeGateway();
  if (!gateway) return std::unexpected<Error>(gateway.error());
  first_gateway_ = std::move(*gateway);
  if (Result<void> started = application_->RunStartup(); !started) return started;
  // What loading and start-up have set, every request on every loop shall see.
  context_ = PyRef::Steal(PyContext_CopyCurrent());
  control_.Loaded();
  RunThreads(interpreter);
  application_->RunShutdown();
  const std::lock_guard lock(failure_mutex_);
  if (failure_) return std::unexpected<Error>(*failure_);
  return {};
}

Result<std::unique_ptr<NativeGateway>> Worker::MakeGateway() const {
  std::unique_ptr<NativeGateway> gateway = NativeGateway::Create(application_->compiled());
  if (gateway) return gateway;
  return Fail(ExitCode::kLoadFailed, PendingSentence());
}

void Worker::RunThreads(const Interpreter& interpreter) {
  std::vector<std::thread> threads;
  try {
    threads.reserve(config_.loops);
    for (std::size_t index = 1; index < config_.loops; ++index) {
      threads.emplace_back([this, index, python = interpreter.state()] {
        pthread_setname_np(pthread_self(), ("turbo-loop-" + std::to_string(index)).c_str());
        const OwnThreadState state(python);
        if (state.valid()) {
          ServeLoop(index);
        } else {
          RecordFailure({ExitCode::kResourceRefused, "There is no memory for another thread."});
        }
      });
    }
  } catch (const std::exception& error) {
    RecordFailure({ExitCode::kResourceRefused,
                   std::string("A thread cannot be started: ") + error.what() + "."});
  }
  ServeLoop(0);
  const DetachedScope while_joining;
  for (std::thread& thread : threads) thread.join();
}

void Worker::ServeLoop(std::size_t index) noexcept {
  try {
    if (Result<void> served = TryServeLoop(index); !served) RecordFailure(served.error());
  } catch (const std::exception& error) {
    RecordFailure({ExitCode::kFailure, std::string("A loop failed: ") + error.what() + "."});
  }
}

Result<void> Worker::TryServeLoop(std::size_t index) {
  std::unique_ptr<NativeGateway> gateway;
  if (index == 0) {
    gateway = std::move(first_gateway_);
  } else {
    Result<std::unique_ptr<NativeGateway>> made = MakeGateway();
    if (!made) return std::unexpected<Error>(made.error());
    gateway = std::move(*made);
  }
  if (!context_ || !gateway->context().Reset(context_.get()))
    return Fail(ExitCode::kFailure, PendingSentence());
  const EnteredContext entered(gateway->context());
  if (!entered.valid()) return Fail(ExitCode::kFailure, PendingSentence());
  PythonWaitObserver observer({.shares_gil = shares_gil_, .main_thread = index == 0});
  std::optional<engine::AccessLog> access_log;
  if (config_.access_log) {
    access_log.emplace(STDOUT_FILENO, config_.log_format == "json"
                                          ? engine::AccessLog::Format::kJson
                                          : engine::AccessLog::Format::kText);
  }
  const engine::LoopConfig loop_config{.limits = config_.limits,
                                       .timeouts = config_.timeouts,
                                       .access_log = access_log ? &*access_log : nullptr};
  engine::EventLoop loop(loop_config, *gateway, &observer, counters_.loops()[index], shared_);
  if (Result<void> added = loop.AddListener(config_.listen_fds[index]); !added) return added;
  control_.AddLoop(loop);
  Arrive();
  loop.Run();
  control_.RemoveLoop(loop);
  return {};
}

void Worker::Arrive() {
  if (accepting_.fetch_add(1, std::memory_order_acq_rel) + 1 == config_.loops) {
    engine::SendControl(config_.control_fd, ControlType::kReady, description_);
  }
}

void Worker::RecordFailure(Error error) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::move(error);
  }
  control_.Drain();
}

// Tells whoever started the worker why it does not serve.
ExitCode Refuse(const engine::WorkerConfig& config, const Error& error) {
  const bool told = config.control_fd >= 0 &&
                    engine::SendControl(config.control_fd, ControlType::kLoadFailed, error.message);
  if (!told) spdlog::error("{}", error.message);
  return error.exit_code;
}

Result<engine::SharedCounters> MakeCounters(const engine::WorkerConfig& config) {
  if (config.counters_fd < 0) return engine::SharedCounters::Create(config.loops);
  return engine::SharedCounters::Map(engine::UniqueFd(config.counters_fd), config.loops);
}

}  // namespace

ExitCode RunWorker(const engine::WorkerConfig& config) {
  if (config.loops == 0 || config.listen_fds.size() < config.loops) {
    return Refuse(config, {ExitCode::kUsage, "A worker needs a listening socket for each loop."});
  }
  const Result<engine::UniqueFd> terminate_fd = InstallStopSignals();
  if (!terminate_fd) return Refuse(config, terminate_fd.error());
  Result<engine::SharedCounters> counters = MakeCounters(config);
  if (!counters) return Refuse(config, counters.error());
  const Result<std::unique_ptr<ControlThread>> control =
      ControlThread::Start({.control_fd = config.control_fd,
                            .terminate_fd = terminate_fd->get(),
                            .graceful = std::chrono::milliseconds(config.graceful_timeout_ms)});
  if (!control) return Refuse(config, control.error());

  // Destroyed in the opposite order: the worker lets go of the application, Python is finalised,
  // and only then does nothing guard the stop any more.
  const auto interpreter = Interpreter::Start({config.python, config.package_dir, config.target});
  if (!interpreter) return Refuse(config, interpreter.error());
  Worker worker(config, **control, *counters);
  const Result<void> served = worker.Run(**interpreter);
  if (served) return ExitCode::kOk;
  (*control)->ExitWithin(kFailedExitPatience, served.error().exit_code);
  return Refuse(config, served.error());
}

}  // namespace turbo::pyembed
