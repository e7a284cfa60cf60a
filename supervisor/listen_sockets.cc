#include "supervisor/listen_sockets.h"

#include <sys/stat.h>
#include <unistd.h>

namespace turbo::supervisor {

engine::Result<ListenSockets> ListenSockets::Bind(const ListenAddress& address, std::size_t slots) {
  return address.uds.empty() ? BindTcp(address, slots) : BindUnix(address);
}

ListenSockets::~ListenSockets() {
  if (file_.path.empty()) return;
  struct stat status {};
  if (::lstat(file_.path.c_str(), &status) == 0 && status.st_dev == file_.device &&
      status.st_ino == file_.inode) {
    ::unlink(file_.path.c_str());
  }
}

}  // namespace turbo::supervisor
