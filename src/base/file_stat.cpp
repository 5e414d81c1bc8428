#include "base/file_stat.h"

namespace slipway {
namespace {

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::regular;
  if (S_ISDIR(mode)) return FileType::directory;
  if (S_ISLNK(mode)) return FileType::symlink;
  if (S_ISFIFO(mode)) return FileType::fifo;
  if (S_ISSOCK(mode)) return FileType::socket;
  if (S_ISBLK(mode) || S_ISCHR(mode)) return FileType::device;
  return FileType::unknown;
}

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStat file_stat_of(const struct stat& st) {
  FileStat out;
  out.type = type_of(st.st_mode);
  out.device = st.st_dev;
  out.inode = st.st_ino;
  out.size = static_cast<std::uint64_t>(st.st_size);
  out.mtime_ns = nanoseconds(st.st_mtim);
  out.ctime_ns = nanoseconds(st.st_ctim);
  out.mode = st.st_mode & 07777u;
  out.uid = st.st_uid;
  out.gid = st.st_gid;
  out.links = st.st_nlink;
  return out;
}

}  // namespace slipway
