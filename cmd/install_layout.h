// Where this turbo's other parts are: the worker programs and the `turbo` package for Python. The
// same rules hold in a build tree (everything beside `turbo`) and when installed (bin/,
// libexec/turbo/, lib/turbo/python/).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/environment.h"

namespace turbo::cmd {

/// One worker program.
struct Worker {
  std::string tag;         ///< "cpython-314t"
  std::string program;     ///< path of turbo-worker-<tag>
  std::string built_with;  ///< the interpreter it was built with, from the manifest; "" if unknown
};

struct InstallLayout {
  std::string worker_dir;
  std::string package_dir;      ///< what goes on sys.path for `import turbo`
  std::vector<Worker> workers;  ///< newest version first, free-threaded before GIL build

  [[nodiscard]] const Worker* FindWorker(std::string_view tag) const;

  /// "cpython-314t, cpython-314", or "none".
  [[nodiscard]] std::string WorkerTags() const;
};

/// `executable_dir` is the folder of the running `turbo`. TURBO_LIBEXEC overrides where the workers
/// are.
InstallLayout FindInstallLayout(const std::string& executable_dir, const Environment& environment);

/// The folder of /proc/self/exe.
std::string ThisExecutableDir();

/// The list that the build puts beside the workers: "<tag> <interpreter>" a line.
inline constexpr std::string_view kWorkerManifest = "turbo-workers.txt";

}  // namespace turbo::cmd
