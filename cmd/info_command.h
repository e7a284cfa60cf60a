// `turbo info`: what this turbo consists of and what it finds on this machine; for people and, with
// --json, for programs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cmd/environment.h"
#include "cmd/install_layout.h"
#include "cmd/interpreter_discovery.h"

namespace turbo::cmd {

struct Info {
  std::string version;
  std::string compiler;
  std::vector<std::pair<std::string, std::string>> dependencies;  ///< name, version compiled in
  std::string kernel;
  std::uint32_t usable_cores = 1;
  long online_cores = 1;
  std::vector<std::pair<std::string, std::string>> limits;  ///< name, value
  std::string worker_dir;
  std::string package_dir;
  std::vector<Worker> workers;
  std::vector<Candidate> interpreters;
};

/// Asks every interpreter that can be found: takes a moment.
Info CollectInfo(const InstallLayout& layout, const Environment& environment);

std::string InfoText(const Info& info);
std::string InfoJson(const Info& info);  ///< one object, with a newline

}  // namespace turbo::cmd
