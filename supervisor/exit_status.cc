#include "supervisor/exit_status.h"

#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>

#include <csignal>

#include "supervisor/wording.h"

namespace turbo::supervisor {

using engine::ExitCode;

std::string DescribeExit(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  return fmt::format("was killed by signal {} ({}){}", WTERMSIG(status),
                     SignalName(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
}

SlotEvent ClassifyExit(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return SlotEvent::kKilled;
  if (!WIFEXITED(status)) return SlotEvent::kCrashed;
  switch (static_cast<ExitCode>(WEXITSTATUS(status))) {
    case ExitCode::kUsage:
    case ExitCode::kLoadFailed:
    case ExitCode::kResourceRefused:
      return SlotEvent::kRefused;
    default:
      return SlotEvent::kCrashed;
  }
}

bool ExitedWithZero(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

ExitCode ExitCodeAfter(int status) {
  return ClassifyExit(status) == SlotEvent::kRefused ? static_cast<ExitCode>(WEXITSTATUS(status))
                                                     : ExitCode::kLoadFailed;
}

}  // namespace turbo::supervisor
