#include "builder/profiles.h"

#include <algorithm>

namespace slipway::builder {
namespace {

constexpr int kMaxSubfolders = 16;
constexpr std::size_t kMaxFiles = 20'000;

/// All regular files at a path, which may be a folder.
Status collect(elf::Root& root, const std::string& path, int depth, std::vector<elf::FoundFile>& out) {
  if (depth > kMaxSubfolders || out.size() > kMaxFiles) return {};
  SLIPWAY_ASSIGN(auto found, root.find(path));
  if (found) {
    out.push_back(*std::move(found));
    return {};
  }
  SLIPWAY_ASSIGN(const auto names, root.list(path));
  for (const std::string& name : names)
    SLIPWAY_TRY(collect(root, path + "/" + name, depth + 1, out));
  return {};
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {
      {"nss",
       "names of hosts and users",
       {"getaddrinfo", "gethostbyname", "gethostbyname_r", "getpwnam", "getpwnam_r", "getpwuid", "getgrnam",
        "getgrgid"},
       {},
       {"libnss_files.so.2", "libnss_dns.so.2"},
       {},
       "GLIBC_2.34"},
      {"iconv", "character sets other than UTF-8, UTF-16, UTF-32 and ASCII", {"iconv_open"}, {}, {"gconv"}, {}},
      {"openssl",
       "OpenSSL's providers and engines, e.g. the legacy ciphers",
       {"OSSL_PROVIDER_load", "OSSL_PROVIDER_try_load", "ENGINE_by_id", kOpensslConfig},
       {},
       {"ossl-modules", "engines-3", "engines-1.1"},
       {}},
      {"sasl", "SASL's mechanisms", {"sasl_client_init", "sasl_server_init"}, {}, {"sasl2"}, {}},
      {"pam", "PAM's modules", {"pam_start", "pam_start_confdir"}, {}, {"security"}, {"/etc/pam.d", "/etc/pam.conf"}},
      {"qt",
       "Qt's plugins, the one for the display among them",
       {},
       {"libQt5Gui.so.5", "libQt6Gui.so.6"},
       {"qt5/plugins", "qt6/plugins"},
       {}},
      {"gtk",
       "GTK's input methods, image loaders and settings",
       {},
       {"libgtk-3.so.0", "libgtk-4.so.1", "libgdk_pixbuf-2.0.so.0"},
       {"gdk-pixbuf-2.0", "gtk-3.0", "gtk-4.0", "gio/modules"},
       {"/usr/share/glib-2.0/schemas"}},
  };
  return all;
}

std::string trace_of(const Profile& profile, const Traces& traces) {
  if (traces.versions.contains(profile.included_since)) return {};
  for (const char* call : profile.calls) {
    if (traces.imports.contains(call)) return call;
  }
  for (const char* library : profile.needed) {
    if (traces.needed.contains(library)) return library;
  }
  return {};
}

Result<std::vector<elf::FoundFile>> profile_files(const Profile& profile, elf::Root& root, const elf::Abi& abi) {
  std::vector<elf::FoundFile> files;
  SLIPWAY_ASSIGN(const elf::LibraryFolders folders, elf::library_folders(root, abi));
  for (const char* name : profile.files) {
    // /usr first: where /lib is a symlink to it, paths are the packages' own.
    const std::size_t before = files.size();
    for (const bool usr : {true, false}) {
      for (const std::string& folder : folders.built_in) {
        const bool in_usr = folder.starts_with("/usr/");
        if (files.size() == before && in_usr == usr) SLIPWAY_TRY(collect(root, folder + "/" + name, 0, files));
      }
    }
  }
  if (files.empty()) return files;
  for (const char* path : profile.absolute)
    SLIPWAY_TRY(collect(root, path, 0, files));
  return files;
}

}  // namespace slipway::builder
