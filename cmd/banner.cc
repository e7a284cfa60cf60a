#include "cmd/banner.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <utility>

#include "cmd/terminal.h"
#include "cmd/units.h"
#include "engine/base/log.h"

namespace turbo::cmd {
namespace {

using engine::JsonQuote;

std::string ShapeText(std::uint32_t processes, std::uint32_t loops) {
  return fmt::format("{} {} x {} {}", processes, processes == 1 ? "process" : "processes", loops,
                     loops == 1 ? "loop" : "loops");
}

/// The first keys are those of the log lines (engine/base/log_format.cc), so that one reader does
/// for both.
std::string JsonLine(std::string_view level, int pid, std::string_view message,
                     const std::vector<std::pair<std::string, std::string>>& more) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto fraction = now.time_since_epoch().count() % 1000;
  std::string line = fmt::format(
      R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","process":"supervisor","pid":{},"message":{})",
      fmt::gmtime(std::chrono::system_clock::to_time_t(now)), fraction, level, pid,
      JsonQuote(message));
  for (const auto& [key, value] : more) line += fmt::format(R"(,"{}":{})", key, value);
  return line + "}\n";
}

}  // namespace

std::vector<std::string> NotesOn(std::uint32_t loops_per_process, const Interpreter& interpreter) {
  if (loops_per_process < 2 || interpreter.free_threaded) return {};
  return {
      fmt::format("this interpreter has the GIL: the {} loops take turns at running Python, so "
                  "that they give no more than one core's worth of it; for all cores use "
                  "--python 3.14t or --mode procs",
                  loops_per_process)};
}

Banner::Banner(BannerFacts facts, BannerLook look, Write write, Clock::time_point started,
               std::function<Clock::time_point()> now)
    : facts_(std::move(facts)),
      look_(look),
      write_(std::move(write)),
      started_(started),
      now_(std::move(now)) {}

void Banner::Listening(const std::string& url) {
  url_ = url;
  const Interpreter& python = facts_.interpreter;
  if (look_ == BannerLook::kJson) {
    write_(JsonLine("info", facts_.pid, "listening on " + url,
                    {{"event", "\"listening\""},
                     {"version", JsonQuote(facts_.version)},
                     {"mode", JsonQuote(facts_.mode)},
                     {"processes", std::to_string(facts_.processes)},
                     {"loops", std::to_string(facts_.loops_per_process)},
                     {"python", JsonQuote(python.Name())},
                     {"executable", JsonQuote(python.executable)},
                     {"build", JsonQuote(python.BuildText())},
                     {"url", JsonQuote(url)}}));
  } else {
    Rows("turbo " + facts_.version,
         {{"mode", fmt::format("{}, {}", facts_.mode,
                               ShapeText(facts_.processes, facts_.loops_per_process))},
          {"python",
           fmt::format("{} ({}), {}", python.Name(), python.BuildText(), python.executable)},
          {"address", url},
          {"pid", std::to_string(facts_.pid)}});
  }
  for (const std::string& note : facts_.notes) Note(note);
}

void Banner::Notice(const std::string& line) { Note(line); }

void Banner::Ready(const std::string& worker_line) {
  const auto took = now_() - started_;
  if (look_ == BannerLook::kJson) {
    write_(JsonLine(
        "info", facts_.pid, "ready",
        {{"event", "\"ready\""},
         {"worker", JsonQuote(worker_line)},
         {"url", JsonQuote(url_)},
         {"seconds", fmt::format("{:.3f}", std::chrono::duration<double>(took).count())}}));
    return;
  }
  if (!worker_line.empty()) Rows({}, {{"worker", worker_line}});
  const std::string text = fmt::format("ready in {}", FormatSeconds(took));
  if (terminal()) {
    write_(fmt::format("\n  {} (Ctrl-C stops)\n\n", Paint(Ink::kGreen, text, color())));
  } else {
    write_(text + "\n");
  }
}

void Banner::Rows(std::string_view title, const std::vector<Row>& rows) {
  std::string text;
  if (terminal()) {
    if (!title.empty()) text += fmt::format("\n  {}\n\n", Paint(Ink::kBold, title, color()));
    for (const Row& row : rows) {
      const bool is_address = row.key == "address";
      text += fmt::format("  {} {}\n", Paint(Ink::kDim, fmt::format("{:<8}", row.key), color()),
                          is_address ? Paint(Ink::kCyan, row.value, color()) : row.value);
    }
  } else {
    if (!title.empty()) text += fmt::format("{}\n", title);
    for (const Row& row : rows) text += fmt::format("{}: {}\n", row.key, row.value);
  }
  write_(text);
}

void Banner::Note(const std::string& sentence) {
  if (!noted_.insert(sentence).second) return;
  if (look_ == BannerLook::kJson) {
    write_(JsonLine("warning", facts_.pid, sentence, {{"event", "\"note\""}}));
  } else if (terminal()) {
    write_(fmt::format("  {} {}\n", Paint(Ink::kYellow, "note    ", color()), sentence));
  } else {
    write_(fmt::format("note: {}\n", sentence));
  }
}

}  // namespace turbo::cmd
