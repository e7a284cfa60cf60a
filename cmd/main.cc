// The `turbo` program: one command out of the command line, carried out.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/environment.h"
#include "cmd/info_command.h"
#include "cmd/install_layout.h"
#include "cmd/run_command.h"
#include "cmd/terminal.h"

namespace turbo::cmd {
namespace {

using engine::ExitCode;

int ToInt(ExitCode code) { return static_cast<int>(code); }

int Report(const engine::Error& error, const Environment& environment) {
  const bool color = ShowsColor(STDERR_FILENO, environment);
  WriteAll(STDERR_FILENO, fmt::format("{} {}\n", Paint(Ink::kRed, "error:", color), error.message));
  return ToInt(error.exit_code);
}

struct CarryOut {
  const Environment& environment;
  std::chrono::steady_clock::time_point started;

  [[nodiscard]] InstallLayout Layout() const {
    return FindInstallLayout(ThisExecutableDir(), environment);
  }

  int operator()(const PrintText& print) const {
    WriteAll(print.exit_code == ExitCode::kOk ? STDOUT_FILENO : STDERR_FILENO, print.text);
    return ToInt(print.exit_code);
  }

  int operator()(const InfoOptions& options) const {
    const InstallLayout layout = Layout();
    if (options.python_path) {
      WriteAll(STDOUT_FILENO, layout.package_dir + "\n");
      return ToInt(ExitCode::kOk);
    }
    const Info info = CollectInfo(layout, environment);
    WriteAll(STDOUT_FILENO, options.json ? InfoJson(info) : InfoText(info));
    return ToInt(ExitCode::kOk);
  }

  int operator()(const RunOptions& options) const {
    const auto exit_code = RunCommand(options, Layout(), environment, started);
    return exit_code ? ToInt(*exit_code) : Report(exit_code.error(), environment);
  }
};

int Main(const std::vector<std::string>& arguments) {
  const auto started = std::chrono::steady_clock::now();
  const Environment environment = Environment::OfThisProcess();
  const auto command = ParseCommandLine(arguments, environment);
  if (!command) return Report(command.error(), environment);
  return std::visit(CarryOut{environment, started}, *command);
}

}  // namespace
}  // namespace turbo::cmd

int main(int argc, char** argv) {
  try {
    return turbo::cmd::Main({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& error) {
    turbo::cmd::WriteAll(STDERR_FILENO, fmt::format("error: internal failure: {}\n", error.what()));
    return static_cast<int>(turbo::engine::ExitCode::kFailure);
  }
}
