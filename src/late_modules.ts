/**
 * Loads every module of the library that is otherwise loaded when it is first used. A server for strangers calls this while it
 * has few sockets: loading a file needs a file descriptor, and later all of them may be in use.
 */
export async function loadLateModules(): Promise<void> {
  await Promise.all([
    import("./client/diagnosis/diagnose.ts"),
    import("./client/network/announce_group.ts"),
    import("./client/network/host_survey.ts"),
    import("./client/network/network_watcher.ts"),
    import("./client/network/upnp_driver.ts"),
    import("./client/persistence/node_file_system.ts"),
    import("./client/trace.ts"),
    import("./discovery/bsd.ts"),
    import("./discovery/gateway.ts"),
    import("./discovery/host_name.ts"),
    import("./discovery/ip_text.ts"),
    import("./discovery/local_address.ts"),
    import("./discovery/surroundings.ts"),
    import("./discovery/windows.ts"),
    import("./igd/igd.ts"),
    import("./testing/igd_host.ts"),
    import("./testing/stream_server.ts"),
    import("./transport/libc_probe.ts"),
    import("./transport/node.ts"),
    import("./transport/node_probe.ts"),
    import("./transport/node_stream.ts"),
  ]);
}
