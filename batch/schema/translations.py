"""Translations: headers and sheet names as people write them in German, French, Spanish and Chinese.

Words of the vendor's own menus come first where they are known. A word that people like for columns of their own
(a remark, a description, a bare number of something) is not among them; German "Bezeichnung", which stands beside a
number for its name, is. `spellings.folded` makes spelling not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SHEET_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "Trunks": (
        *("Leitungen", "Amtsleitungen", "SIP-Leitungen"),
        *("Troncs", "Lignes", "Troncs SIP", "Lignes SIP", "Trunks SIP", "Lignes réseau"),
        *("Troncales", "Líneas", "Troncales SIP", "Líneas SIP"),
        *("中继", "中继线", "SIP中继", "中继列表", "线路", "中繼"),
    ),
    "Caller IDs": (
        *("Anrufer-IDs", "Anrufer-ID", "Anruferkennungen", "Abgehende Rufnummern", "Anzeigenummern"),
        *("Numéros présentés", "Identifiants d'appelant", "Identifiants de l'appelant", "Numéros d'appelant"),
        *("Identificadores de llamadas", "Identificador de llamadas", "Números salientes", "ID de llamadas"),
        *("主叫号码", "去电显示", "外呼号码", "出局主叫号码", "呼出号码", "主叫號碼"),
    ),
    "DIDs": (
        *("Rufnummern", "Durchwahlen", "DID-Nummern", "DID-Rufnummern"),
        *("SDA", "Numéros SDA", "Numéros DID", "Numéros"),
        *("Números DID", "Números", "DDI"),
        *("DID号码", "DID列表", "号码", "直线号码", "DID號碼"),
    ),
}
"""By the sheet's title."""

HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (
        *("Trunk-Nr.", "Trunk-Nummer", "Leitungs-ID", "Leitungs-Nr.", "Leitungsnummer"),
        *("ID du tronc", "Identifiant du tronc", "Numéro du tronc", "ID de la ligne"),
        *("ID de la troncal", "ID de troncal", "ID del troncal", "Número de troncal"),
        *("中继ID", "中继编号", "中继序号"),
    ),
    "type": (
        *("Typ", "Trunk-Typ", "Leitungstyp", "Leitungsart"),
        *("Type de tronc", "Type de ligne"),
        *("Tipo", "Tipo de troncal", "Tipo de línea"),
        *("类型", "中继类型", "類型"),
    ),
    "name": (
        *("Leitungsname", "Name der Leitung", "Name des Trunks"),
        *("Nom", "Nom du tronc", "Nom de la ligne", "Nom du trunk"),
        *("Nombre", "Nombre de la troncal", "Nombre de troncal", "Nombre del troncal", "Nombre de la línea"),
        *("名称", "中继名称", "中继名", "名稱"),
    ),
    "enable": (
        *("Aktiv", "Aktiviert", "Eingeschaltet"),
        *("Activé", "Activer", "Actif"),
        *("Habilitado", "Habilitar", "Activado", "Activo"),
        *("启用", "已启用", "是否启用", "啟用"),
    ),
    "transport": (
        *("Transportprotokoll", "Protokoll"),
        *("Protocole de transport", "Protocole"),
        *("Transporte", "Protocolo de transporte", "Protocolo"),
        *("传输协议", "传输", "传输方式", "传输类型"),
    ),
    "hostname": (
        *("Hostname/IP", "Server", "SIP-Server", "Serveradresse", "Host/IP"),
        *("Nom d'hôte", "Nom d'hôte/IP", "Hôte", "Serveur", "Serveur SIP", "Adresse du serveur"),
        *("Nombre de host", "Nombre del host", "Nombre de host/IP", "Servidor", "Servidor SIP"),
        *("主机名", "主机名/IP", "主机", "服务器", "服务器地址", "域名/IP地址", "域名/IP"),
    ),
    "port": (
        "SIP-Port",
        "Port SIP",
        *("Puerto", "Puerto SIP"),
        *("端口", "端口号", "SIP端口", "埠"),
    ),
    "domain": (
        *("Domäne", "Domaene", "SIP-Domäne", "SIP-Domain"),
        *("Domaine", "Domaine SIP"),
        *("Dominio", "Dominio SIP"),
        *("域", "域名", "SIP域"),
    ),
    "username": (
        *("Benutzername", "Benutzer", "SIP-Benutzername", "SIP-Benutzer", "Anmeldename"),
        *("Nom d'utilisateur", "Utilisateur", "Identifiant"),
        *("Nombre de usuario", "Usuario"),
        *("用户名", "用户", "账号", "帐号", "用戶名"),
    ),
    "password": (
        *("Passwort", "Kennwort", "SIP-Passwort", "SIP-Kennwort"),
        *("Mot de passe", "Mot de passe SIP"),
        *("Contraseña", "Contraseña SIP", "Clave"),
        *("密码", "口令", "密碼"),
    ),
    "auth_name": (
        *("Authentifizierungsname", "Authentifizierungs-ID", "Auth-Benutzer"),
        *("Nom d'authentification", "Identifiant d'authentification", "ID d'authentification"),
        *("Nombre de autenticación", "Usuario de autenticación", "ID de autenticación"),
        *("认证名", "认证名称", "认证用户名", "鉴权名", "认证ID"),
    ),
    "enb_outbound_proxy": (
        *("Ausgehender Proxy", "Outbound-Proxy aktiv", "Outbound-Proxy aktivieren", "Ausgehenden Proxy verwenden"),
        *("Proxy sortant", "Activer le proxy sortant"),
        *("Proxy saliente", "Habilitar proxy saliente"),
        *("出局代理", "启用出局代理", "外呼代理", "启用外呼代理"),
    ),
    "outbound_proxy_server": (
        *("Ausgehender Proxy-Server", "Proxy-Server"),
        *("Serveur proxy sortant", "Serveur proxy"),
        *("Servidor proxy saliente", "Servidor proxy"),
        *("出局代理服务器", "外呼代理服务器", "代理服务器"),
    ),
    "outbound_proxy_port": (
        *("Ausgehender Proxy-Port", "Proxy-Port"),
        *("Port du proxy sortant", "Port du proxy", "Port proxy"),
        *("Puerto del proxy saliente", "Puerto del proxy", "Puerto proxy"),
        *("出局代理端口", "外呼代理端口", "代理端口", "代理服务器端口"),
    ),
    "codec_sel": (
        *("Codec-Auswahl", "Sprachcodecs"),
        *("Codecs audio", "Codecs sélectionnés"),
        *("Códecs", "Códec", "Códecs de audio"),
        *("编解码", "编解码器", "语音编码", "编码"),
    ),
    "def_outbound_cid": (
        *("Standard-Anrufer-ID", "Standardrufnummer", "Abgehende Standardrufnummer", "Standard-Anzeigenummer"),
        *("Numéro présenté par défaut", "Identifiant d'appelant par défaut", "Numéro d'appelant par défaut"),
        *("Identificador de llamadas predeterminado", "Caller ID predeterminado", "Número saliente predeterminado"),
        *("默认主叫号码", "默认外呼号码", "默认出局主叫号码", "默认去电显示", "默认呼出号码"),
    ),
    "def_outbound_cid_name": (
        *("Standard-Anrufername", "Name der Standard-Anrufer-ID", "Name der Standardrufnummer"),
        *("Nom présenté par défaut", "Nom d'appelant par défaut"),
        *("Nombre de Caller ID predeterminado", "Nombre saliente predeterminado"),
        *("默认主叫名称", "默认外呼名称", "默认出局主叫名称", "默认呼出名称"),
    ),
    "caller_ids_mode": (
        *("Anrufer-ID-Modus", "Anrufer-IDs-Modus", "Modus Anrufer-IDs"),
        *("Mode des numéros présentés", "Mode des identifiants d'appelant"),
        *("Modo de Caller IDs", "Modo de identificadores de llamadas", "Modo de números salientes"),
        *("主叫号码模式", "外呼号码模式", "去电显示模式"),
    ),
    "dids_mode": (
        *("DID-Modus", "DIDs-Modus", "Rufnummern-Modus", "Durchwahlen-Modus", "Modus Rufnummern"),
        *("Mode DID", "Mode SDA", "Mode des SDA", "Mode des DID"),
        *("Modo de DID", "Modo DID", "Modo de DIDs"),
        *("DID模式", "DID号码模式"),
    ),
    "action": ("Aktion", "Acción", "操作", "动作"),
    "trunk": (
        *("Leitung", "Amtsleitung", "Leitungsname", "SIP-Leitung"),
        *("Tronc", "Ligne", "Tronc SIP", "Nom du tronc", "Nom de la ligne", "Trunk SIP"),
        *("Troncal", "Línea", "Troncal SIP", "Nombre de la troncal", "Nombre de troncal", "Nombre de la línea"),
        *("中继", "中继名称", "中继线", "SIP中继", "线路", "中繼"),
    ),
    "outbound_cid_option": ("Opción", "选项", "主叫号码选项", "外呼号码选项"),
    "outbound_cid": (
        *("Anrufer-ID", "Abgehende Rufnummer", "Anzeigenummer", "Angezeigte Rufnummer", "Rufnummer"),
        *("Numéro présenté", "Identifiant d'appelant", "Identifiant de l'appelant", "Numéro d'appelant", "Numéro"),
        *("Identificador de llamadas", "Identificador de llamada", "ID de llamada", "Número saliente", "Número"),
        *("主叫号码", "外呼号码", "去电显示", "出局主叫号码", "去电号码", "呼出号码", "主叫號碼"),
    ),
    "outbound_cid_name": (
        *("Anrufername", "Anrufer-ID-Name", "Name der Anrufer-ID", "Anzeigename", "Bezeichnung"),
        *("Nom présenté", "Nom d'appelant", "Nom de l'appelant"),
        *("Nombre de Caller ID", "Nombre del identificador", "Nombre saliente", "Nombre mostrado"),
        *("主叫名称", "外呼名称", "去电显示名称", "出局主叫名称", "呼出名称"),
    ),
    "outbound_cid_to_ext_range": (
        *("Nebenstellenbereich", "Bereich der Nebenstellen", "Durchwahlbereich"),
        *("Plage de postes", "Plage d'extensions", "Plage des postes"),
        *("Rango de extensiones", "Rango de internos"),
        *("分机范围", "分机号范围", "分机号段"),
    ),
    "extensions": (
        *("Nebenstellen", "Nebenstelle"),
        *("Postes", "Poste", "Numéros de poste"),
        *("Extensiones", "Extensión", "Internos", "Interno"),
        *("分机", "分机号", "分机号码", "分機"),
    ),
    "extension_groups": (
        *("Nebenstellengruppen", "Nebenstellengruppe"),
        *("Groupes de postes", "Groupe de postes", "Groupes d'extensions", "Groupe d'extensions"),
        *("Grupos de extensiones", "Grupo de extensiones", "Grupos de internos"),
        *("分机组", "分机群组", "分機組"),
    ),
    "did": (
        *("Rufnummer", "Durchwahl", "DID-Rufnummer", "DID-Nummer", "Durchwahlnummer"),
        *("SDA", "Numéro SDA", "Numéro DID", "Numéro", "Numéro de téléphone"),
        *("Número DID", "Número", "Número de teléfono"),
        *("DID号码", "DID号", "号码", "直线号码", "直拨号码", "DID號碼"),
    ),
    "did_name": (
        *("Name der Rufnummer", "Rufnummernname", "Name der Durchwahl", "Bezeichnung"),
        *("Nom DID", "Nom du DID", "Nom SDA", "Nom du SDA", "Nom du numéro"),
        *("Nombre DID", "Nombre del DID", "Nombre del número"),
        *("DID名称", "DID名", "号码名称"),
    ),
}
"""By the column's field."""

YES_WORDS: Final = frozenset(
    ["yes", "1", "true", "on", "enabled", "ja", "wahr", "oui", "vrai", "sí", "si", "verdadero", "是", "真"]
)
NO_WORDS: Final = frozenset(
    ["no", "0", "false", "off", "disabled", "nein", "falsch", "non", "faux", "falso", "否", "假"]
)
"""How cells say yes and no, in small letters."""
