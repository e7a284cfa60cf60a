#include "cmd/install_layout.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

namespace turbo::cmd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorkerPrefix = "turbo-worker-";

using Manifest = std::map<std::string, std::string, std::less<>>;

Manifest ReadManifest(const fs::path& dir) {
  Manifest manifest;
  std::ifstream file(dir / kWorkerManifest);
  for (std::string line; std::getline(file, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.starts_with('#')) continue;
    manifest.emplace(line.substr(0, space), line.substr(space + 1));
  }
  return manifest;
}

/// "cpython-314t" -> (314, true).
std::tuple<int, bool> Rank(const std::string& tag) {
  int version = 0;
  if (const std::size_t dash = tag.find('-'); dash != std::string::npos) {
    std::from_chars(tag.data() + dash + 1, tag.data() + tag.size(), version);
  }
  return {version, tag.ends_with('t')};
}

std::vector<Worker> ListWorkers(const fs::path& dir) {
  std::vector<Worker> workers;
  Manifest manifest = ReadManifest(dir);
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(kWorkerPrefix) || !IsExecutableFile(it->path().string())) continue;
    Worker worker;
    worker.tag = name.substr(kWorkerPrefix.size());
    worker.program = it->path().string();
    worker.built_with = manifest[worker.tag];
    workers.push_back(std::move(worker));
  }
  std::ranges::sort(workers,
                    [](const Worker& a, const Worker& b) { return Rank(a.tag) > Rank(b.tag); });
  return workers;
}

std::string Canonical(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.string() : canonical.string();
}

}  // namespace

const Worker* InstallLayout::FindWorker(std::string_view tag) const {
  const auto found = std::ranges::find(workers, tag, &Worker::tag);
  return found == workers.end() ? nullptr : &*found;
}

std::string InstallLayout::WorkerTags() const {
  std::string tags;
  for (const Worker& worker : workers) tags += (tags.empty() ? "" : ", ") + worker.tag;
  return tags.empty() ? "none" : tags;
}

InstallLayout FindInstallLayout(const std::string& executable_dir, const Environment& environment) {
  const fs::path here(executable_dir);
  std::error_code error;
  const bool build_tree = fs::exists(here / "python" / "turbo", error);
  InstallLayout layout;
  layout.worker_dir = environment.Get("TURBO_LIBEXEC");
  if (layout.worker_dir.empty()) {
    layout.worker_dir = Canonical(build_tree ? here : here / ".." / "libexec" / "turbo");
  }
  layout.package_dir =
      Canonical(build_tree ? here / "python" : here / ".." / "lib" / "turbo" / "python");
  layout.workers = ListWorkers(layout.worker_dir);
  return layout;
}

std::string ThisExecutableDir() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace turbo::cmd
