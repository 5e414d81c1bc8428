#include "run/bundle.h"

#include <algorithm>
#include <charconv>

#include "slipway/base/text.h"

namespace slipway::run {

namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Json texts(const std::vector<std::string>& words) {
  Json::Array array;
  for (const std::string& word : words)
    array.emplace_back(word);
  return Json(std::move(array));
}

Json object(Json::Object members) { return Json(std::move(members)); }

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// The fields of the first line of a passwd or group file that `fits`.
template <class Fits>
std::optional<std::vector<std::string>> find_line(const std::string& file, std::size_t fields, Fits fits) {
  for (const std::string& line : split(file, '\n')) {
    std::vector<std::string> found = split(line, ':');
    if (found.size() >= fields && fits(found)) return found;
  }
  return std::nullopt;
}

Result<std::uint32_t> id_of(const std::string& word, const std::string& file, std::string_view what) {
  if (const auto id = number(word)) return *id;
  const auto line = find_line(file, 3, [&](const auto& fields) { return fields[0] == word && number(fields[2]); });
  if (line) return *number((*line)[2]);
  return fail(
      Error(Errc::invalid_argument, fmt::format("the image runs as the {} \"{}\", whom its /etc/{} does not have", what,
                                                printable(word, 80), what == "user" ? "passwd" : "group"))
          .with_hint("set a numeric user when the image is built: user: \"65532:65532\""));
}

Json mount(std::string_view to, std::string_view type, std::string_view source,
           const std::vector<std::string>& options) {
  return object({{"destination", to}, {"type", type}, {"source", source}, {"options", texts(options)}});
}

Json mounts(const BundleRequest& request) {
  const std::vector<std::string> plain{"nosuid", "noexec", "nodev"};
  std::vector<std::string> pts{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  if (!request.rootless) pts.emplace_back("gid=5");
  Json::Array all;
  all.push_back(mount("/proc", "proc", "proc", plain));
  all.push_back(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  all.push_back(mount("/dev/pts", "devpts", "devpts", pts));
  all.push_back(mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  all.push_back(mount("/dev/mqueue", "mqueue", "mqueue", plain));
  // Without a network namespace of one's own sysfs cannot be mounted again, only be bound.
  all.push_back(mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}));
  for (const auto& [here, there] : request.files)
    all.push_back(mount(there, "none", here, {"bind", "nosuid", "nodev", "ro"}));
  return Json(std::move(all));
}

Json capabilities() {
  const Json kept =
      texts({"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
             "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"});
  return object({{"bounding", kept}, {"effective", kept}, {"permitted", kept}});
}

Json process(const BundleRequest& request, const std::vector<std::string>& args) {
  Json::Array groups;
  for (const std::uint32_t group : request.user.groups)
    groups.emplace_back(static_cast<std::int64_t>(group));
  Json user = object({{"uid", static_cast<std::int64_t>(request.rootless ? 0 : request.user.uid)},
                      {"gid", static_cast<std::int64_t>(request.rootless ? 0 : request.user.gid)}});
  if (!request.rootless && !groups.empty()) user.set("additionalGids", std::move(groups));
  const std::string& folder = request.config.working_dir;
  return object({{"terminal", request.terminal},
                 {"user", std::move(user)},
                 {"args", texts(args)},
                 {"env", texts(process_env(request))},
                 {"cwd", folder.empty() ? "/" : folder},
                 {"capabilities", capabilities()},
                 {"noNewPrivileges", true}});
}

Json linux_part(const BundleRequest& request) {
  Json::Array namespaces;
  std::vector<std::string> types{"pid", "ipc", "uts", "mount"};
  if (request.rootless) types.insert(types.begin(), "user");
  for (const std::string& type : types)
    namespaces.push_back(object({{"type", type}}));
  Json part = object({{"namespaces", std::move(namespaces)}});
  if (request.rootless) {
    const auto mapped = [](std::uint32_t id) {
      return Json(Json::Array{object({{"containerID", 0}, {"hostID", static_cast<std::int64_t>(id)}, {"size", 1}})});
    };
    part.set("uidMappings", mapped(request.rootless->first)).set("gidMappings", mapped(request.rootless->second));
  }
  part.set("maskedPaths",
           texts({"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                  "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"}));
  part.set("readonlyPaths", texts({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}));
  return part;
}

}  // namespace

Result<ProcessUser> resolve_user(const std::string& user, const std::string& passwd, const std::string& group) {
  ProcessUser found;
  const std::size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  if (!name.empty()) {
    SLIPWAY_ASSIGN(found.uid, id_of(name, passwd, "user"));
  }
  const auto line = find_line(passwd, 4, [&](const auto& fields) { return number(fields[2]) == found.uid; });
  if (colon != std::string::npos && colon + 1 < user.size()) {
    SLIPWAY_ASSIGN(found.gid, id_of(user.substr(colon + 1), group, "group"));
    return found;
  }
  if (!line) return found;
  found.gid = number((*line)[3]).value_or(0);
  for (const std::string& text : split(group, '\n')) {
    const std::vector<std::string> fields = split(text, ':');
    const auto id = fields.size() >= 4 ? number(fields[2]) : std::nullopt;
    if (!id || *id == found.gid) continue;
    const std::vector<std::string> members = split(fields[3], ',');
    if (std::find(members.begin(), members.end(), (*line)[0]) != members.end()) found.groups.push_back(*id);
  }
  return found;
}

Result<std::vector<std::string>> process_args(const BundleRequest& request) {
  std::vector<std::string> args = request.config.entrypoint;
  const std::vector<std::string>& rest = request.args.empty() ? request.config.cmd : request.args;
  args.insert(args.end(), rest.begin(), rest.end());
  if (args.empty()) {
    return fail(Error(Errc::invalid_argument, "the image says neither entrypoint nor cmd: there is nothing to start")
                    .with_hint("name the program after --: slipway run ENV -- PROGRAM"));
  }
  return args;
}

std::vector<std::string> process_env(const BundleRequest& request) {
  std::vector<std::string> env{kPath};
  for (const std::string& entry : request.config.env) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) oci::set_env(env, entry.substr(0, equals), entry.substr(equals + 1));
  }
  if (request.terminal) oci::set_env(env, "TERM", "xterm");
  for (const auto& [key, value] : request.values)
    oci::set_env(env, key, value);
  return env;
}

Result<Json> runtime_config(const BundleRequest& request) {
  SLIPWAY_ASSIGN(const std::vector<std::string> args, process_args(request));
  return object({{"ociVersion", "1.0.2"},
                 {"process", process(request, args)},
                 {"root", object({{"path", "rootfs"}, {"readonly", false}})},
                 {"hostname", "slipway"},
                 {"mounts", mounts(request)},
                 {"linux", linux_part(request)}});
}

}  // namespace slipway::run
