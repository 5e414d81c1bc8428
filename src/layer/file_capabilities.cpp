#include "slipway/layer/file_capabilities.h"

#include <algorithm>
#include <array>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

// In the order of their numbers (capabilities(7)).
constexpr std::array<std::string_view, 41> kNames{"chown",
                                                  "dac_override",
                                                  "dac_read_search",
                                                  "fowner",
                                                  "fsetid",
                                                  "kill",
                                                  "setgid",
                                                  "setuid",
                                                  "setpcap",
                                                  "linux_immutable",
                                                  "net_bind_service",
                                                  "net_broadcast",
                                                  "net_admin",
                                                  "net_raw",
                                                  "ipc_lock",
                                                  "ipc_owner",
                                                  "sys_module",
                                                  "sys_rawio",
                                                  "sys_chroot",
                                                  "sys_ptrace",
                                                  "sys_pacct",
                                                  "sys_admin",
                                                  "sys_boot",
                                                  "sys_nice",
                                                  "sys_resource",
                                                  "sys_time",
                                                  "sys_tty_config",
                                                  "mknod",
                                                  "lease",
                                                  "audit_write",
                                                  "audit_control",
                                                  "setfcap",
                                                  "mac_override",
                                                  "mac_admin",
                                                  "syslog",
                                                  "wake_alarm",
                                                  "block_suspend",
                                                  "audit_read",
                                                  "perfmon",
                                                  "bpf",
                                                  "checkpoint_restore"};
constexpr std::uint64_t kAll = (std::uint64_t{1} << kNames.size()) - 1;
constexpr std::uint32_t kRevision2 = 0x02000000;
constexpr std::uint32_t kEffective = 1;

struct Sets {
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
};

Result<std::uint64_t> bits_of(std::string_view names) {
  if (names.empty() || names == "all") return kAll;
  std::uint64_t bits = 0;
  for (const std::string& word : split(names, ',')) {
    std::string name = to_lower(word);
    if (name.starts_with("cap_")) name.erase(0, 4);
    const auto at = std::find(kNames.begin(), kNames.end(), name);
    if (at == kNames.end()) {
      return fail(Errc::invalid_argument, "\"{}\" is not a capability", printable(word, 60));
    }
    bits |= std::uint64_t{1} << (at - kNames.begin());
  }
  return bits;
}

void apply(std::uint64_t& set, char op, bool named, std::uint64_t bits) {
  if (op == '=' || op == '-') {
    if (op == '=' || named) set &= ~bits;
  }
  if (op != '-' && named) set |= bits;
}

/// One clause: names, then one or more of "=eip", "+eip", "-eip".
Status apply_clause(std::string_view clause, Sets& sets) {
  const std::size_t first = clause.find_first_of("=+-");
  const auto refuse = [&] {
    return fail(
        Error(Errc::invalid_argument, fmt::format("\"{}\" is not a list of capabilities", printable(clause, 100)))
            .with_hint("write it as for setcap: cap_net_bind_service+ep"));
  };
  if (first == std::string_view::npos) return refuse();
  SLIPWAY_ASSIGN(const std::uint64_t bits, bits_of(clause.substr(0, first)));
  if (first == 0 && clause[0] != '=') return refuse();
  for (std::size_t at = first; at < clause.size();) {
    const char op = clause[at];
    const std::size_t end = std::min(clause.find_first_of("=+-", at + 1), clause.size());
    const std::string_view flags = clause.substr(at + 1, end - at - 1);
    if (flags.find_first_not_of("eip") != std::string_view::npos || (flags.empty() && op != '=')) return refuse();
    const auto named = [flags](char flag) { return flags.find(flag) != std::string_view::npos; };
    apply(sets.effective, op, named('e'), bits);
    apply(sets.inheritable, op, named('i'), bits);
    apply(sets.permitted, op, named('p'), bits);
    at = end;
  }
  return {};
}

void put_le32(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

Result<std::string> file_capabilities(std::string_view text) {
  Sets sets;
  bool any = false;
  for (const std::string& clause : split(text, ' ')) {
    if (clause.empty()) continue;
    any = true;
    SLIPWAY_TRY(apply_clause(clause, sets));
  }
  if (!any) return fail(Errc::invalid_argument, "empty capabilities; leave the key out instead");
  // A file has one effective bit for all that it permits or inherits.
  if (sets.effective != 0 && sets.effective != (sets.permitted | sets.inheritable)) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("\"{}\": a file's capabilities are effective all or none", printable(text, 200)))
                    .with_hint("give every capability e, or none"));
  }
  std::string out;
  put_le32(out, kRevision2 | (sets.effective != 0 ? kEffective : 0));
  put_le32(out, sets.permitted);
  put_le32(out, sets.inheritable);
  put_le32(out, sets.permitted >> 32);
  put_le32(out, sets.inheritable >> 32);
  return out;
}

std::string attribute_fault(std::string_view name, std::string_view value) {
  if (name.size() > kMaxAttributeName) return fmt::format("has a name of {} bytes", name.size());
  if (value.size() > kMaxAttributeValue) return fmt::format("has a value of {} bytes", value.size());
  for (const std::string_view space : {"user.", "trusted.", "security.", "system."}) {
    if (name == space) return "has a name that ends with its dot";
  }
  if (name != kCapabilityAttribute) return {};
  // security/commoncap.c, cap_convert_nscap(): revisions 2 and 3, told by the header, of exactly their sizes.
  const auto revision = value.size() < 4 ? 0u : static_cast<unsigned char>(value[3]);
  const bool good = (revision == 2 && value.size() == 20) || (revision == 3 && value.size() == 24);
  return good ? std::string() : "has a value that is not a set of capabilities";
}

}  // namespace slipway::layer
