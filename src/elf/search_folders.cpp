#include "elf/search_folders.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "elf/byte_order.h"
#include "slipway/base/text.h"
#include "slipway/elf/closure.h"

namespace slipway::elf {
namespace {

constexpr std::size_t kMaxConf = 1u << 20;
constexpr std::size_t kMaxConfFiles = 1000;
constexpr unsigned kPower = 21, kS390 = 22;  // e_machine

struct Names {
  unsigned machine, bits;
  bool little;
  const char* multiarch;
  const char* platform;  ///< AT_PLATFORM of the machine's baseline
};

constexpr Names kNames[] = {
    {kAmd64, 64, true, "x86_64-linux-gnu", "x86_64"},
    {kI386, 32, true, "i386-linux-gnu", "i686"},
    {kArm64, 64, true, "aarch64-linux-gnu", "aarch64"},
    {kArm, 32, true, "arm-linux-gnueabihf", "v7l"},
    {243, 64, true, "riscv64-linux-gnu", ""},
    {21, 64, true, "powerpc64le-linux-gnu", "power8"},
    {22, 64, false, "s390x-linux-gnu", "z900"},
    {8, 64, true, "mips64el-linux-gnuabi64", ""},
    {kLoongArch, 64, true, "loongarch64-linux-gnu", "loongarch64"},
};

const Names* names_of(const Abi& abi) {
  for (const Names& names : kNames) {
    if (names.machine == abi.machine && names.bits == abi.bits && names.little == abi.little) return &names;
  }
  return nullptr;
}

void add_once(std::vector<std::string>& folders, const std::string& folder) {
  std::string path = normal_path(folder);
  if (std::find(folders.begin(), folders.end(), path) == folders.end()) folders.push_back(std::move(path));
}

/// Reads ld.so.conf as ldconfig does.
class ConfReader {
 public:
  ConfReader(Root& root, std::vector<std::string>& folders) : root_(root), folders_(folders) {}

  Status read(const std::string& path) {
    // Files that include each other are read once.
    if (seen_.size() == kMaxConfFiles || !seen_.insert(path).second) return {};
    SLIPWAY_ASSIGN(const auto file, root_.find(path));
    if (!file) return {};
    SLIPWAY_ASSIGN(const std::string text, root_.read(*file, kMaxConf));
    for (const std::string& line : split(text, '\n'))
      SLIPWAY_TRY(read_line(std::string(trim(line.substr(0, line.find('#')))), parent_of(path)));
    return {};
  }

 private:
  Status read_line(std::string line, const std::string& folder) {
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == ':' || c == ',' || c == '\t'; }, ' ');
    std::vector<std::string> words;
    for (std::string& word : split(line, ' ')) {
      if (!word.empty()) words.push_back(std::move(word));
    }
    if (words.empty() || words[0] == "hwcap") return {};
    if (words[0] == "include") {
      for (std::size_t i = 1; i < words.size(); ++i)
        SLIPWAY_TRY(include(words[i].starts_with('/') ? words[i] : folder + "/" + words[i]));
      return {};
    }
    for (const std::string& word : words) {
      const std::string path = word.substr(0, word.find('='));  // "=TYPE" is from the days of libc5
      if (path.starts_with('/')) add_once(folders_, path);
    }
    return {};
  }

  Status include(const std::string& pattern) {
    const std::string folder = parent_of(normal_path(pattern)), last = name_in(pattern);
    if (last.find_first_of("*?[") == std::string::npos) return read(normal_path(pattern));
    SLIPWAY_ASSIGN(const auto names, root_.list(folder));
    for (const std::string& name : names) {
      if (::fnmatch(last.c_str(), name.c_str(), FNM_PERIOD) == 0) SLIPWAY_TRY(read(normal_path(folder + "/" + name)));
    }
    return {};
  }

  Root& root_;
  std::vector<std::string>& folders_;
  std::set<std::string> seen_;
};

/// Puts the value in for "$NAME" and "${NAME}".
void expand(std::string& text, const std::string& name, const std::string& value) {
  for (std::size_t at = 0; (at = text.find('$', at)) != std::string::npos;) {
    std::size_t size = 0;
    if (text.compare(at + 1, name.size() + 2, "{" + name + "}") == 0) {
      size = name.size() + 3;
    } else if (text.compare(at + 1, name.size(), name) == 0) {
      size = name.size() + 1;
      const char next = at + size < text.size() ? text[at + size] : '/';
      if ((next >= 'A' && next <= 'Z') || (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9') || next == '_') {
        size = 0;
      }
    }
    if (size == 0) {
      ++at;
      continue;
    }
    text.replace(at, size, value);
    at += value.size();
  }
}

Result<SystemFolders> musl_folders(Root& root, const std::string& interpreter) {
  SystemFolders out;
  // /lib/ld-musl-x86_64.so.1 reads /etc/ld-musl-x86_64.path.
  const std::string name = name_in(interpreter);
  const std::string machine = name.substr(0, name.find(".so"));
  SLIPWAY_ASSIGN(const auto file, root.find("/etc/" + machine + ".path"));
  if (!file || machine.empty()) {
    out.built_in = {"/lib", "/usr/local/lib", "/usr/lib"};
    return out;
  }
  SLIPWAY_ASSIGN(std::string text, root.read(*file, kMaxConf));
  std::replace(text.begin(), text.end(), '\n', ':');
  for (const std::string& folder : split(text, ':')) {
    if (folder.starts_with('/')) add_once(out.configured, folder);
  }
  return out;
}

}  // namespace

std::vector<std::string> processor_variants(const Abi& abi) {
  if (abi.machine == kAmd64) return {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
  if (abi.machine == kPower) return {"power9", "power10"};
  if (abi.machine == kS390) return {"z13", "z14", "z15", "z16"};
  return {};
}

std::string multiarch_name(const Abi& abi) {
  const Names* names = names_of(abi);
  return names == nullptr ? "" : names->multiarch;
}

namespace {

/// glibc's, without any configuration.
std::vector<std::string> built_in_folders(const Abi& abi) {
  std::vector<std::string> folders;
  const std::string multiarch = multiarch_name(abi);
  if (!multiarch.empty()) folders = {"/lib/" + multiarch, "/usr/lib/" + multiarch};
  if (abi.bits == 64) folders.insert(folders.end(), {"/lib64", "/usr/lib64"});
  folders.insert(folders.end(), {"/lib", "/usr/lib"});
  return folders;
}

}  // namespace

Result<SystemFolders> system_folders(Root& root, const Abi& abi, Flavour flavour, const std::string& interpreter) {
  if (flavour == Flavour::musl) return musl_folders(root, interpreter);
  SystemFolders out;
  SLIPWAY_TRY(ConfReader(root, out.configured).read("/etc/ld.so.conf"));
  out.built_in = built_in_folders(abi);
  return out;
}

std::vector<SearchFolder> run_path(const std::string& text, const SearchFolder& origin, const Abi& abi,
                                   const std::string& lib) {
  std::vector<SearchFolder> out;
  const Names* names = names_of(abi);
  for (std::string part : split(text, ':')) {
    expand(part, "LIB", lib);
    expand(part, "PLATFORM", names == nullptr ? "" : names->platform);
    std::string local = part;
    expand(part, "ORIGIN", origin.path);
    if (!part.starts_with('/')) continue;
    SearchFolder folder{normal_path(part), {}};
    if (local != part && !origin.local.empty()) {
      expand(local, "ORIGIN", origin.local);
      if (normal_path(local) != folder.path) folder.local = normal_path(local);
    }
    out.push_back(std::move(folder));
  }
  return out;
}

std::vector<std::string> loader_folders(const Object& program, const std::string& origin,
                                        const std::string& library_path, const std::string& workdir) {
  const bool musl = name_in(program.interpreter).starts_with("ld-musl-");
  std::vector<std::string> folders;
  const auto add = [&](const std::string& text) {
    // $LIB is one of several names; all are looked at.
    for (const std::string& lib : {"lib/" + multiarch_name(program.abi), std::string("lib64"), std::string("lib")}) {
      for (const SearchFolder& folder : run_path(text, {origin, {}}, program.abi, lib))
        add_once(folders, folder.path);
    }
  };
  add(program.rpath);
  std::string absolute;
  for (const std::string& part : split(library_path, ':'))
    absolute += part.starts_with('/') ? part + ":" : workdir + "/" + part + ":";
  if (!library_path.empty()) add(absolute);
  add(program.runpath);
  for (const std::string& folder :
       musl ? std::vector<std::string>{"/lib", "/usr/local/lib", "/usr/lib"} : built_in_folders(program.abi))
    add_once(folders, folder);
  return folders;
}

}  // namespace slipway::elf
