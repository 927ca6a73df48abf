/** Messages of UPnP, written by hand: what is sent, octet by octet, and what routers answer. */

/** Lines that end with CR LF each. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join("");
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export const IGD1 = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
export const IP1 = "urn:schemas-upnp-org:service:WANIPConnection:1";
export const IP2 = "urn:schemas-upnp-org:service:WANIPConnection:2";
export const FC1 = "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1";
export const UUID = "6f2a1c00-0000-4000-8000-00000000a001";

/** V-1, 137 octets. */
export const SEARCH = lines(
  "M-SEARCH * HTTP/1.1",
  "HOST: 239.255.255.250:1900",
  'MAN: "ssdp:discover"',
  "MX: 1",
  `ST: ${IGD1}`,
  "",
);

/** V-2. */
export const ANSWER = lines(
  "HTTP/1.1 200 OK",
  "Cache-Control: max-age=1800",
  `ST: ${IGD1}`,
  `USN: uuid:${UUID}::${IGD1}`,
  "EXT:",
  "SERVER: sim/1 UPnP/1.1 portcontrol-gateway/1",
  "LOCATION: http://192.168.1.1:5000/rootDesc.xml",
  "BOOTID.UPNP.ORG: 41",
  "",
);

/** V-3. */
export const BYEBYE = lines(
  "NOTIFY * HTTP/1.1",
  "HOST: 239.255.255.250:1900",
  "NT: upnp:rootdevice",
  "NTS: ssdp:byebye",
  `USN: uuid:${UUID}::upnp:rootdevice`,
  "BOOTID.UPNP.ORG: 41",
  "",
);

/** V-4: two connections and the IPv6 service. */
export const DESCRIPTION = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>1</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:2</deviceType><friendlyName>Sim &amp; Co</friendlyName><UDN>uuid:${UUID}</UDN>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:2</deviceType><UDN>uuid:6f2a1c00-0000-4000-8000-00000000a002</UDN>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:2</deviceType><UDN>uuid:6f2a1c00-0000-4000-8000-00000000a003</UDN>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType><serviceId>urn:upnp-org:serviceId:WANPPPConn1</serviceId><controlURL>/ctl/ppp</controlURL></service>
<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId><SCPDURL>/ip.xml</SCPDURL><controlURL>
 /ctl/IPConn </controlURL></service>
<service><serviceType>urn:schemas-upnp-org:service:WANIPv6FirewallControl:1</serviceType><controlURL>ctl/IP6FCtl</controlURL></service></serviceList>
</device></deviceList></device></deviceList></device></root>
`;

/** V-5, 73 octets. */
export const GET = lines(
  "GET /rootDesc.xml HTTP/1.1",
  "Host: 192.168.1.1:5000",
  "Connection: close",
  "",
);

/** A request of SOAP, in the order and spelling that routers have been tried with. */
export function post(
  { path = "/ctl/IPConn", host = "192.168.1.1:5000", type, action, length, inside }: {
    readonly path?: string;
    readonly host?: string;
    readonly type: string;
    readonly action: string;
    /** Octets of the body, counted by hand. */
    readonly length: number;
    /** The arguments. */
    readonly inside: string;
  },
): string {
  return lines(
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Content-Length: ${length}`,
    'Content-Type: text/xml; charset="utf-8"',
    `SOAPAction: "${type}#${action}"`,
    "Connection: close",
    "",
  ) +
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${inside}</u:${action}></s:Body></s:Envelope>`;
}

const KEY =
  "<NewRemoteHost></NewRemoteHost><NewExternalPort>6000</NewExternalPort><NewProtocol>TCP</NewProtocol>";

const MAPPING =
  `${KEY}<NewInternalPort>6000</NewInternalPort><NewInternalClient>192.168.1.23</NewInternalClient>` +
  "<NewEnabled>1</NewEnabled><NewPortMappingDescription>game server</NewPortMappingDescription>" +
  "<NewLeaseDuration>3600</NewLeaseDuration>";

/** V-6, 803 octets. */
export const ADD = post({ type: IP1, action: "AddPortMapping", length: 592, inside: MAPPING });

/** V-7, 812 octets. */
export const ADD_ANY = post({
  type: IP2,
  action: "AddAnyPortMapping",
  length: 598,
  inside: MAPPING,
});

/** V-8, 589 octets. */
export const DELETE = post({ type: IP1, action: "DeletePortMapping", length: 375, inside: KEY });

/** G-8b, 619 octets. */
export const GET_ENTRY = post({
  type: IP1,
  action: "GetSpecificPortMappingEntry",
  length: 395,
  inside: KEY,
});

/** V-9, 498 octets. */
export const GET_ADDRESS = post({
  type: IP1,
  action: "GetExternalIPAddress",
  length: 281,
  inside: "",
});

/** G-9b, 477 octets. */
export const GET_STATUS = post({ type: IP1, action: "GetStatusInfo", length: 267, inside: "" });

const FIREWALL = { path: "/ctl/IP6FCtl", host: "[2001:db8:77::1]:5000", type: FC1 };

/** V-10, 668 octets. */
export const ADD_PINHOLE = post({
  ...FIREWALL,
  action: "AddPinhole",
  length: 448,
  inside:
    "<RemoteHost></RemoteHost><RemotePort>0</RemotePort><InternalClient>2001:db8:77::2</InternalClient>" +
    "<InternalPort>6000</InternalPort><Protocol>6</Protocol><LeaseTime>3600</LeaseTime>",
});

/** G-10b, 519 octets. */
export const DELETE_PINHOLE = post({
  ...FIREWALL,
  action: "DeletePinhole",
  length: 296,
  inside: "<UniqueID>1</UniqueID>",
});

/** The body of V-11. */
export const ADDED_BODY =
  '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
  `<u:AddPortMappingResponse xmlns:u="${IP1}"></u:AddPortMappingResponse></s:Body></s:Envelope>`;

/** V-11: success, framed by length. */
export const ADDED = lines(
  "HTTP/1.1 200 OK",
  'Content-Type: text/xml; charset="utf-8"',
  "Content-Length: 225",
  "Connection: close",
  "",
) + ADDED_BODY;

/** V-12: the port that AddAnyPortMapping gave, in chunks. */
export const ADDED_ANY = lines(
  "HTTP/1.1 200 OK",
  "transfer-encoding: Chunked",
  "",
  "19",
  '<s:Envelope xmlns:s="x"><',
  "2a;ignored=1",
  "s:Body><u:AddAnyPortMappingResponse xmlns:",
  "57",
  'u="y"><NewReservedPort>49731</NewReservedPort></u:AddAnyPortMappingResponse></s:Body></',
  "b",
  "s:Envelope>",
  "0",
  "",
);

/** V-13: the external address, framed by close, with other prefixes and attributes. */
export const ADDRESS = "HTTP/1.0 200 OK\r\n\r\n" +
  "<SOAP-ENV:Envelope><SOAP-ENV:Body><m:GetExternalIPAddressResponse>" +
  '<NewExternalIPAddress dt:dt="string" xmlns:dt="z"> 20.30.40.1\r\n' +
  "</NewExternalIPAddress></m:GetExternalIPAddressResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>\r\n";

/** The body of V-14. */
export const CONFLICT_BODY =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>' +
  "<faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>" +
  '<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>718</errorCode>' +
  "<errorDescription>ConflictInMappingEntry</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>";

/** V-14: fault 718. */
export const CONFLICT = lines(
  "HTTP/1.1 500 Internal Server Error",
  "Content-Length: 346",
  "",
) + CONFLICT_BODY;
