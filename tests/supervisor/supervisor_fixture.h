// Runs the supervisor in a child process of the test, with fake workers, and shows what it says and
// does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "supervisor/run_plan.h"

namespace turbo::supervisor {

/// A folder that is removed with all that is in it.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] std::string Path(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);
std::size_t CountOf(const std::string& text, const std::string& part);
/// Asks until it is true or ten seconds are over.
bool Eventually(const std::function<bool()>& condition);

/// The body of the answer to GET `path`, or "error: …".
std::string Get(std::uint16_t port, const std::string& path = "/");
/// A connection on which the request has been sent and the answer not been read.
engine::UniqueFd SendGet(std::uint16_t port, const std::string& path);
std::string ReadAnswer(const engine::UniqueFd& connection);

RunPlan PlanFor(std::uint32_t processes, const std::string& orders);

class RunningSupervisor {
 public:
  /// `prepare` runs in the child before the supervisor.
  explicit RunningSupervisor(const RunPlan& plan, const std::function<void()>& prepare = {});
  RunningSupervisor(const RunningSupervisor&) = delete;
  RunningSupervisor& operator=(const RunningSupervisor&) = delete;
  /// Kills the supervisor if it still runs; its workers then go by themselves.
  ~RunningSupervisor();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// From "LISTENING http://…:port".
  [[nodiscard]] std::uint16_t port();

  /// Reads its output until it contains `part`; false after ten seconds or at the end.
  bool WaitFor(const std::string& part);
  bool WaitReady() { return WaitFor("READY"); }
  void Signal(int number) const;
  /// Waits for its end and returns its exit code, or 1000 + the signal's number.
  int Wait();
  /// All that it has said: LISTENING, READY, NOTICE, ERROR <code> <message>, and the log's JSON
  /// lines.
  [[nodiscard]] const std::string& output() const { return output_; }

  /// pids of the running workers by index; asks /proc for the supervisor's children.
  [[nodiscard]] std::vector<pid_t> Children() const;
  [[nodiscard]] bool HasZombie() const;

 private:
  bool ReadSome(std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  engine::UniqueFd reader_;
  std::string output_;
};

}  // namespace turbo::supervisor
