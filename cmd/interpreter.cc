#include "cmd/interpreter.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "cmd/environment.h"
#include "cmd/subprocess.h"

namespace turbo::cmd {
namespace {

using engine::ExitCode;
using engine::Fail;

// Runs in the interpreter with -I: neither PYTHON* variables nor the current directory change the
// answer. Must be understood by any Python 3, and by Python 2 as far as to print its version.
constexpr const char* kQuestion = R"py(
import sys
def say(key, value):
    sys.stdout.write(key + '=' + str(value).replace('\n', ' ') + '\n')
say('turbo', 1)
v = sys.version_info
level = {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}.get(v[3])
say('version', '%d.%d.%d' % tuple(v[:3]) + ('%s%d' % (level, v[4]) if level else ''))
say('major', v[0])
say('minor', v[1])
say('executable', sys.executable)
implementation = getattr(sys, 'implementation', None)
say('implementation', getattr(implementation, 'name', 'unknown'))
say('cache_tag', getattr(implementation, 'cache_tag', '') or '')
say('prefix', sys.prefix)
say('base_prefix', getattr(sys, 'base_prefix', sys.prefix))
say('gil', int(getattr(sys, '_is_gil_enabled', lambda: True)()))
say('debug', int(hasattr(sys, 'gettotalrefcount')))
import sysconfig
say('free_threaded', int(bool(sysconfig.get_config_var('Py_GIL_DISABLED'))))
say('args', sysconfig.get_config_var('CONFIG_ARGS') or '')
say('cflags', sysconfig.get_config_var('PY_CORE_CFLAGS') or sysconfig.get_config_var('CFLAGS') or '')
)py";

using Answers = std::map<std::string, std::string, std::less<>>;

Answers ParseAnswers(std::string_view text) {
  Answers answers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (const std::size_t equals = line.find('='); equals != std::string_view::npos) {
      answers.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return answers;
}

int ToInt(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The line of an error output that tells most: a traceback's last, anything else's first.
std::string TellingLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const bool traceback = text.starts_with("Traceback");
  const std::size_t start = traceback ? text.rfind('\n') + 1 : 0;
  return std::string(text.substr(start, text.find('\n', start) - start));
}

std::vector<std::string> BuildFlags(const Answers& answers) {
  const std::string& args = answers.at("args");
  const std::string& cflags = answers.at("cflags");
  const auto has = [](const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
  };
  std::vector<std::string> flags;
  if (has(args, "--enable-optimizations") || has(cflags, "-fprofile-use"))
    flags.emplace_back("PGO");
  if ((has(args, "--with-lto") && !has(args, "--with-lto=no")) || has(cflags, "-flto")) {
    flags.emplace_back("LTO");
  }
  if (has(args, "--enable-experimental-jit")) flags.emplace_back("JIT");
  if (answers.at("debug") == "1") flags.emplace_back("debug");
  return flags;
}

}  // namespace

std::string Interpreter::Name() const {
  const bool cpython = implementation == "cpython";
  return fmt::format("{} {}{}", cpython ? "CPython" : implementation, version,
                     free_threaded ? " free-threaded" : "");
}

std::string Interpreter::BuildText() const {
  const auto has = [this](std::string_view flag) {
    return std::ranges::find(build_flags, flag) != build_flags.end();
  };
  std::string text =
      fmt::format("{}, {}", has("PGO") ? "PGO" : "no PGO", has("LTO") ? "LTO" : "no LTO");
  for (const std::string& flag : build_flags) {
    if (flag != "PGO" && flag != "LTO") text += ", " + flag;
  }
  return text;
}

bool Interpreter::Matches(std::string_view spec) const {
  const bool wants_free_threaded = spec.ends_with('t');
  if (wants_free_threaded) spec.remove_suffix(1);
  if (wants_free_threaded != free_threaded || !version.starts_with(spec)) return false;
  // "3.1" must not match 3.14, nor "3.14.1" match 3.14.10; "3.15" does match 3.15.0rc1.
  return version.size() == spec.size() || version[spec.size()] == '.' ||
         (version[spec.size()] >= 'a' && version[spec.size()] <= 'z');
}

bool IsVersionSpec(std::string_view text) {
  if (text.ends_with('t')) text.remove_suffix(1);
  if (!text.starts_with("3.")) return false;
  text.remove_prefix(2);
  int dots = 0;
  bool digit = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digit = true;
    } else if (c == '.' && digit && dots == 0) {
      ++dots;
      digit = false;
    } else {
      return false;
    }
  }
  return digit;
}

engine::Result<Interpreter> ProbeInterpreter(const std::string& executable,
                                             std::chrono::milliseconds timeout) {
  if (!IsExecutableFile(executable)) {
    return Fail(ExitCode::kUsage, fmt::format("{} is not a program that can be run", executable));
  }
  const auto output = RunProgram({executable, "-I", "-c", kQuestion}, timeout);
  if (!output) return Fail(ExitCode::kUsage, output.error().message);
  Answers answers = ParseAnswers(output->out);
  if (output->exit_code != 0 || !answers.contains("turbo") || !answers.contains("cflags")) {
    const std::string reason = TellingLine(output->err);
    return Fail(ExitCode::kUsage,
                fmt::format("{} does not work as a Python interpreter (exit code {}{})", executable,
                            output->exit_code, reason.empty() ? "" : ": " + reason));
  }
  Interpreter found;
  found.executable = answers["executable"].empty() ? executable : answers["executable"];
  found.implementation = answers["implementation"];
  found.version = answers["version"];
  found.major = ToInt(answers["major"]);
  found.minor = ToInt(answers["minor"]);
  found.free_threaded = answers["free_threaded"] == "1";
  found.gil_enabled = answers["gil"] == "1";
  found.prefix = answers["prefix"];
  found.base_prefix = answers["base_prefix"];
  found.tag = answers["cache_tag"];
  // The tag of compiled files is the same for both builds in some versions; the workers' names tell
  // them apart.
  if (found.free_threaded && !found.tag.ends_with('t')) found.tag += 't';
  found.build_flags = BuildFlags(answers);
  return found;
}

}  // namespace turbo::cmd
