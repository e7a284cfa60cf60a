// turbo-worker-<tag>: started by `turbo` as `turbo-worker-<tag> --config-fd N TARGET`. TARGET is
// there for ps(1) alone.
#include <Python.h>

#include <charconv>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/unique_fd.h"
#include "engine/worker/worker_config.h"
#include "pyembed/worker.h"

namespace {

using turbo::engine::ExitCode;
using turbo::engine::Fail;
using turbo::engine::Result;
using turbo::engine::UniqueFd;
using turbo::engine::WorkerConfig;

Result<UniqueFd> ConfigFd(int argc, char** argv) {
  int fd = -1;
  if (argc >= 3 && std::string_view(argv[1]) == "--config-fd") {
    const std::string_view number = argv[2];
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), fd);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) fd = -1;
  }
  if (fd < 0) {
    return Fail(
        ExitCode::kUsage,
        "This program is started by turbo: use `turbo run TARGET` (`turbo --help` says more).");
  }
  return UniqueFd(fd);
}

Result<WorkerConfig> ReadConfig(int argc, char** argv) {
  const Result<UniqueFd> fd = ConfigFd(argc, argv);
  if (!fd) return std::unexpected(fd.error());
  return turbo::engine::ReadWorkerConfig(fd->get());
}

ExitCode Main(int argc, char** argv) {
  const Result<WorkerConfig> config = ReadConfig(argc, argv);
  if (!config) {
    std::fprintf(stderr, "turbo-worker: %s\n", config.error().message.c_str());
    return config.error().exit_code;
  }
  const Result<void> logging =
      turbo::engine::SetUpLogging({.level = config->log_level,
                                   .format = config->log_format,
                                   .color = config->log_color,
                                   .process = "worker " + std::to_string(config->worker_index)});
  if (!logging) {
    std::fprintf(stderr, "turbo-worker: %s\n", logging.error().message.c_str());
    return logging.error().exit_code;
  }
  return turbo::pyembed::RunWorker(*config);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(Main(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "turbo-worker: %s\n", error.what());
    return static_cast<int>(ExitCode::kFailure);
  }
}
