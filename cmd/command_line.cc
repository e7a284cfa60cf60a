#include "cmd/command_line.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cmd/help_formatter.h"
#include "cmd/settings.h"
#include "cmd/suggest.h"

namespace turbo::cmd {
namespace {

using engine::ExitCode;
using engine::Fail;
using engine::Result;

constexpr const char* kRootHelp = R"(Examples:
  turbo run app.py                           serve the application `app` of app.py on port 8000
  turbo run shop.api:create_app --factory    a function that makes the application
  turbo run app.py --mode procs -w 4         four processes
  turbo info                                 interpreters, workers, versions and limits

`turbo run --help` lists the options.)";

constexpr const char* kRunHelp = R"(Examples:
  turbo run app.py
  turbo run app.py --mode threads --threads 8 --python 3.14t
  turbo run package.module:application --mode procs -w 4 --host 0.0.0.0 --port 80
  turbo run app.py --uds /run/app.sock --access-log
  turbo run --config turbo.toml

Every option can also be set in the environment (--max-body is TURBO_MAX_BODY) and in the TOML
file of --config (max-body = "16MiB"). The command line comes first, then the environment, then
the file.

Exit codes: 2 usage, 3 the application failed to load, 4 an address or a resource was refused.)";

constexpr const char* kInfoHelp = R"(Examples:
  turbo info
  turbo info --json
  PYTHONPATH=$(turbo info --python-path) python3.14t my_tests.py)";

/// "--prot=80" -> "--prot".
std::string OptionName(const std::string& argument) {
  return argument.substr(0, argument.find('='));
}

/// What CLI11 could not place: an unknown option comes first, as it may have made the rest look
/// wrong.
Result<void> RefuseLeftovers(std::vector<std::string> leftovers, const std::string& command,
                             const std::vector<std::string>& options) {
  std::erase(leftovers, "--");  // the mark between options and arguments
  if (leftovers.empty()) return {};
  const auto option = std::ranges::find_if(
      leftovers, [](const std::string& text) { return text.starts_with('-'); });
  if (option == leftovers.end()) {
    return Fail(ExitCode::kUsage, fmt::format("unexpected argument \"{}\": `{} --help` shows what "
                                              "goes where",
                                              leftovers.front(), command));
  }
  const std::string name = OptionName(*option);
  const std::string nearest = name.starts_with("--") ? Nearest(name, options) : std::string();
  return Fail(ExitCode::kUsage,
              fmt::format("unknown option {}{}", name,
                          nearest.empty() ? fmt::format(": `{} --help` lists them", command)
                                          : fmt::format(": did you mean {}?", nearest)));
}

/// CLI11's own errors, in our words: all that is left to it is how many values an option has.
engine::Error Explain(const CLI::ParseError& error) {
  std::string text = error.what();
  const std::size_t colon = text.find(':');
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && colon != std::string::npos) {
    text = fmt::format("{} needs a value", text.substr(0, colon));
  }
  return engine::Error{ExitCode::kUsage, text};
}

/// `turbo app.py`: the commonest slip has an answer of its own.
Result<Command> RefuseCommand(const std::string& word, const std::vector<std::string>& commands) {
  const std::string nearest = Nearest(word, commands);
  std::string advice = "`turbo --help` lists the commands";
  if (!nearest.empty()) {
    advice = fmt::format("did you mean `turbo {}`?", nearest);
  } else if (word.find(".py") != std::string::npos || word.find(':') != std::string::npos) {
    advice = fmt::format("did you mean `turbo run {}`?", word);
  }
  return Fail(ExitCode::kUsage, fmt::format("unknown command \"{}\": {}", word, advice));
}

class Parser {
 public:
  explicit Parser(const Environment& environment)
      : environment_(environment), run_settings_(RunSettings(run_options_)) {
    root_.formatter(std::make_shared<HelpFormatter>());
    root_.require_subcommand(0, 1);
    root_.allow_extras();
    root_.footer(kRootHelp);
    root_.set_help_flag("-h,--help", "show this help");
    root_.set_version_flag("-V,--version", std::string("turbo ") + TURBO_VERSION,
                           "show the version");

    run_ = AddCommand("run", "Serve an application.", kRunHelp);
    run_settings_.AddTo(*run_);
    // Made anew, so that its group comes last.
    run_->set_help_flag();
    run_->set_help_flag("-h,--help", "show this help")->group("General");

    info_ = AddCommand("info", "Show interpreters, workers, versions and limits.", kInfoHelp);
    info_->add_flag("--json", info_options_.json, "as one JSON object");
    info_->add_flag("--python-path", info_options_.python_path,
                    "print only the folder that holds the turbo package");
  }

  Result<Command> Parse(std::vector<std::string> arguments) {
    if (arguments.empty()) return PrintText{root_.help(), ExitCode::kUsage};
    std::ranges::reverse(arguments);  // as CLI11 wants it
    try {
      root_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      return PrintText{HelpText()};
    } catch (const CLI::CallForVersion& version) {
      return PrintText{std::string(version.what()) + "\n"};
    } catch (const CLI::ParseError& error) {
      return std::unexpected(Explain(error));
    }
    return Finish();
  }

 private:
  CLI::App* AddCommand(const char* name, const char* description, const char* footer) {
    CLI::App* command = root_.add_subcommand(name, description);
    command->allow_extras();
    command->footer(footer);
    command->group("Commands");
    return command;
  }

  std::string HelpText() {
    const auto chosen = root_.get_subcommands();
    return chosen.empty() ? root_.help() : chosen.front()->help("turbo");
  }

  Result<Command> Finish() {
    if (run_->parsed()) return FinishRun();
    if (info_->parsed()) {
      if (auto done = RefuseLeftovers(info_->remaining(), "turbo info",
                                      {"--json", "--python-path", "--help"});
          !done) {
        return std::unexpected(done.error());
      }
      return info_options_;
    }
    const std::vector<std::string> rest = root_.remaining();
    const auto word =
        std::ranges::find_if(rest, [](const std::string& text) { return !text.starts_with('-'); });
    if (word != rest.end()) return RefuseCommand(*word, {"run", "info"});
    auto done = RefuseLeftovers(rest, "turbo", {"--help", "--version"});
    if (!done) return std::unexpected(done.error());
    return PrintText{root_.help(), ExitCode::kUsage};
  }

  Result<Command> FinishRun() {
    auto done = RefuseLeftovers(run_->remaining(), "turbo run", run_settings_.OptionNames());
    if (done) done = run_settings_.Apply(environment_);
    if (!done) return std::unexpected(done.error());
    if (run_options_.target.empty()) {
      return Fail(ExitCode::kUsage,
                  "nothing to run: name the application, e.g. `turbo run app.py` or "
                  "`turbo run package.module:app`");
    }
    return run_options_;
  }

  const Environment& environment_;
  RunOptions run_options_;
  InfoOptions info_options_;
  Settings run_settings_;
  CLI::App root_{"turbo runs a Python web application as threads, processes or events.", "turbo"};
  CLI::App* run_ = nullptr;
  CLI::App* info_ = nullptr;
};

}  // namespace

Result<Command> ParseCommandLine(const std::vector<std::string>& arguments,
                                 const Environment& environment) {
  Parser parser(environment);
  return parser.Parse(arguments);
}

}  // namespace turbo::cmd
