#include "gateway_test_util.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

#include "pyembed/error_report.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed::testing {

using engine::SessionState;

LogCapture::LogCapture() : before_(spdlog::default_logger()) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "capture", std::make_shared<spdlog::sinks::ostream_sink_mt>(stream_)));
}

LogCapture::~LogCapture() { spdlog::set_default_logger(before_); }

int LogCapture::Count(std::string_view part) const {
  const std::string all = text();
  int count = 0;
  for (std::size_t at = all.find(part); at != std::string::npos; at = all.find(part, at + 1))
    ++count;
  return count;
}

std::string TakeRaised() {
  const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  return exception ? ExceptionSummary(exception.get()) : std::string();
}

std::string Body(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : response.substr(end + 4);
}

ServedApp::ServedApp(const std::string& source) : globals_(PyRef::Steal(PyDict_New())) {
  const std::string program =
      "from turbo import *\nfrom turbo import Request\napp = App()\n" + source;
  REQUIRE(PyDict_SetItemString(globals_.get(), "__builtins__", PyEval_GetBuiltins()) == 0);
  const PyRef name = PyRef::Steal(PyUnicode_FromString("gateway_test"));
  REQUIRE(PyDict_SetItemString(globals_.get(), "__name__", name.get()) == 0);
  const PyRef ran =
      PyRef::Steal(PyRun_String(program.c_str(), Py_file_input, globals_.get(), globals_.get()));
  INFO(TakeRaised());
  REQUIRE(ran);
  const PyRef compile = ImportAttribute("turbo._compile", "compile_routes");
  REQUIRE(compile);
  const PyRef compiled =
      PyRef::Steal(PyObject_CallOneArg(compile.get(), PyDict_GetItemString(globals_.get(), "app")));
  INFO(TakeRaised());
  REQUIRE(compiled);
  gateway_ = NativeGateway::Create(compiled.get());
  INFO(TakeRaised());
  REQUIRE(gateway_);
  REQUIRE(gateway_->context().Enter());
  context_.emplace(engine::SessionContext{.limits = limits_,
                                          .timeouts = timeouts_,
                                          .gateway = *gateway_,
                                          .buffers = buffers_,
                                          .date = date_,
                                          .counters = counters_,
                                          .now = std::chrono::steady_clock::now()});
}

ServedApp::~ServedApp() {
  session_.reset();
  if (gateway_) gateway_->context().Exit();
}

std::string ServedApp::Send(std::string_view raw) {
  std::string answer;
  while (!raw.empty()) {
    if (!session_) session_.emplace(*context_, *this, nullptr);
    const std::span<char> space = session_->ReadSpace();
    const std::size_t n = std::min(space.size(), raw.size());
    std::memcpy(space.data(), raw.data(), n);
    raw.remove_prefix(n);
    engine::OutputBuffer out;
    state_ = session_->Receive(n, out);
    answer += out.view();
    while (state_ == SessionState::kBlocked) {
      out.Clear();
      state_ = session_->Resume(out);
      answer += out.view();
    }
    if (state_ != SessionState::kReading) {
      session_.reset();
      break;
    }
  }
  CHECK(PyErr_Occurred() == nullptr);
  return answer;
}

std::string ServedApp::Get(const std::string& path) {
  return Send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
}

std::string ServedApp::GetAndLeave(const std::string& path) {
  const std::string raw = "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
  session_.emplace(*context_, *this, nullptr);
  const std::span<char> space = session_->ReadSpace();
  REQUIRE(space.size() >= raw.size());
  std::memcpy(space.data(), raw.data(), raw.size());
  engine::OutputBuffer out;
  state_ = session_->Receive(raw.size(), out);
  session_.reset();
  return std::string(out.view());
}

int ServedApp::Status(const std::string& path) {
  const std::string answer = Get(path);
  REQUIRE(answer.starts_with("HTTP/1.1 "));
  return std::atoi(answer.c_str() + 9);
}

PyRef ServedApp::Evaluate(const std::string& expression) {
  PyRef value =
      PyRef::Steal(PyRun_String(expression.c_str(), Py_eval_input, globals_.get(), globals_.get()));
  INFO(expression << ": " << TakeRaised());
  REQUIRE(value);
  return value;
}

std::string ServedApp::Text(const std::string& expression) {
  return DisplayText(Evaluate(expression).get());
}

}  // namespace turbo::pyembed::testing
