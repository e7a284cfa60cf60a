// What the gateway's tests share: an application from Python text, served to bytes by the engine's
// own HttpSession, and what was logged meanwhile.
#pragma once

#include <Python.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_session.h"
#include "pyembed/native_gateway.h"
#include "pyembed/py_ref.h"

namespace spdlog {
class logger;
}

namespace turbo::pyembed::testing {

/// Catches what is logged within the scope.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  [[nodiscard]] std::string text() const { return stream_.str(); }
  /// How often `part` stands in it.
  [[nodiscard]] int Count(std::string_view part) const;

 private:
  std::ostringstream stream_;
  std::shared_ptr<spdlog::logger> before_;
};

/// An application and one connection to it.
class ServedApp final : public engine::SessionDriver {
 public:
  /// `source` defines `app`; the names of `turbo` are imported. Fails the test if it raises.
  explicit ServedApp(const std::string& source);
  ~ServedApp();
  ServedApp(const ServedApp&) = delete;
  ServedApp& operator=(const ServedApp&) = delete;

  /// What is answered to `raw`, on the connection that is there or on a new one.
  std::string Send(std::string_view raw);
  /// The same for "GET path".
  std::string Get(const std::string& path);
  /// Only what the first read produces: a stream stays under way. Then drops the connection.
  std::string GetAndLeave(const std::string& path);
  /// Status code of Get(path).
  int Status(const std::string& path);

  /// State after the last Send.
  [[nodiscard]] engine::SessionState state() const { return state_; }
  /// The value of an expression in the application's module; fails the test if it raises.
  PyRef Evaluate(const std::string& expression);
  /// str() of it.
  std::string Text(const std::string& expression);

  void OnAppProgress() noexcept override {}

 private:
  PyRef globals_;
  std::unique_ptr<NativeGateway> gateway_;
  engine::HttpLimits limits_;
  engine::HttpTimeouts timeouts_;
  engine::BufferPool buffers_;
  engine::DateCache date_;
  engine::LoopCounters counters_;
  std::optional<engine::SessionContext> context_;
  std::optional<engine::HttpSession> session_;
  engine::SessionState state_ = engine::SessionState::kReading;
};

/// "ValueError: message" of the pending exception, which it clears; "" if there is none.
std::string TakeRaised();

/// The part behind the first empty line.
std::string Body(const std::string& response);

}  // namespace turbo::pyembed::testing
