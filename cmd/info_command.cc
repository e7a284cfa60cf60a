#include "cmd/info_command.h"

#include <gnu/libc-version.h>
#include <llhttp.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/version.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/Version.hpp>
#include <asio/version.hpp>
#include <fstream>

#include "engine/base/cpu_count.h"
#include "engine/base/log.h"

namespace turbo::cmd {
namespace {

using engine::JsonQuote;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string CompilerText() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

Pairs DependencyVersions() {
  return {
      {"asio", fmt::format("{}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000,
                           ASIO_VERSION % 100)},
      {"llhttp",
       fmt::format("{}.{}.{}", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH)},
      {"spdlog", fmt::format("{}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"CLI11", CLI11_VERSION},
#ifdef TURBO_YYJSON_VERSION
      {"yyjson", TURBO_YYJSON_VERSION},
#endif
      {"glibc", ::gnu_get_libc_version()},
  };
}

std::string LimitText(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line.empty() ? "unknown" : line;
}

Pairs Limits() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return {{"open files (soft)", LimitText(files.rlim_cur)},
          {"open files (hard)", LimitText(files.rlim_max)},
          {"somaxconn", FirstLine("/proc/sys/net/core/somaxconn")},
          {"ports for clients", FirstLine("/proc/sys/net/ipv4/ip_local_port_range")}};
}

std::string JsonObject(const Pairs& pairs) {
  std::string text = "{";
  for (const auto& [key, value] : pairs) {
    text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", JsonQuote(key), JsonQuote(value));
  }
  return text + "}";
}

std::string InterpreterJson(const Candidate& candidate) {
  Pairs pairs{{"path", candidate.path}, {"origin", candidate.origin}};
  if (!candidate.problem.empty()) pairs.emplace_back("problem", candidate.problem);
  std::string text = JsonObject(pairs);
  if (!candidate.interpreter) return text;
  const Interpreter& found = *candidate.interpreter;
  text.pop_back();
  text += "," + JsonObject({{"executable", found.executable},
                            {"implementation", found.implementation},
                            {"version", found.version},
                            {"tag", found.tag},
                            {"build", found.BuildText()},
                            {"prefix", found.prefix},
                            {"base_prefix", found.base_prefix}})
                    .substr(1);
  text.pop_back();
  text += fmt::format(R"(,"free_threaded":{},"gil_enabled":{},"virtualenv":{}}})",
                      found.free_threaded, found.gil_enabled, found.in_virtualenv());
  return text;
}

template <typename Items, typename ToJson>
std::string JsonArray(const Items& items, ToJson to_json) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? "," : "") + to_json(item);
  return text + "]";
}

}  // namespace

Info CollectInfo(const InstallLayout& layout, const Environment& environment) {
  Info info;
  info.version = TURBO_VERSION;
  info.compiler = CompilerText();
  info.dependencies = DependencyVersions();
  utsname system{};
  if (::uname(&system) == 0) {
    info.kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  }
  info.usable_cores = engine::UsableCpuCount();
  info.online_cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  info.limits = Limits();
  info.worker_dir = layout.worker_dir;
  info.package_dir = layout.package_dir;
  info.workers = layout.workers;
  info.interpreters = InterpreterDiscovery(layout, environment).All();
  return info;
}

std::string InfoText(const Info& info) {
  std::string text = fmt::format("turbo {}\n", info.version);
  const auto row = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("  {:<20} {}\n", key, value);
  };
  row("compiled with", info.compiler);
  for (const auto& [name, version] : info.dependencies) row(name, version);
  text += "\nmachine\n";
  row("kernel", info.kernel);
  row("cores", fmt::format("{} usable of {}", info.usable_cores, info.online_cores));
  for (const auto& [name, value] : info.limits) row(name, value);
  text += "\nworkers\n";
  row("folder", info.worker_dir);
  row("python package", info.package_dir);
  if (info.workers.empty()) row("none", "build them with `make build`");
  for (const Worker& worker : info.workers) {
    row(worker.tag, worker.built_with.empty() ? "" : "built with " + worker.built_with);
  }
  text += "\ninterpreters\n";
  if (info.interpreters.empty()) row("none found", "`make build` makes them");
  for (const Candidate& candidate : info.interpreters) {
    if (!candidate.interpreter) {
      row("broken", candidate.problem);
      continue;
    }
    const Interpreter& found = *candidate.interpreter;
    text += fmt::format("  {} ({}{}), {}\n", found.Name(), found.BuildText(),
                        found.in_virtualenv() ? ", virtualenv" : "", found.executable);
    if (candidate.problem.empty()) {
      text += fmt::format("      from {}; worker {}\n", candidate.origin, found.tag);
    } else {
      text +=
          fmt::format("      from {}; cannot be used: {}\n", candidate.origin, ShortProblem(found));
    }
  }
  return text;
}

std::string InfoJson(const Info& info) {
  return fmt::format(
      R"({{"version":{},"compiler":{},"dependencies":{},"kernel":{},"usable_cores":{},"online_cores":{},)"
      R"("limits":{},"worker_dir":{},"package_dir":{},"workers":{},"interpreters":{}}})"
      "\n",
      JsonQuote(info.version), JsonQuote(info.compiler), JsonObject(info.dependencies),
      JsonQuote(info.kernel), info.usable_cores, info.online_cores, JsonObject(info.limits),
      JsonQuote(info.worker_dir), JsonQuote(info.package_dir),
      JsonArray(info.workers,
                [](const Worker& worker) {
                  return JsonObject({{"tag", worker.tag},
                                     {"program", worker.program},
                                     {"built_with", worker.built_with}});
                }),
      JsonArray(info.interpreters, InterpreterJson));
}

}  // namespace turbo::cmd
