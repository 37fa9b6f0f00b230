"""Vocabulary: what the header of a column that we do not know betrays, in the five languages.

Words count as a whole, folded as `folded` does it, but for stems of long German words and for Chinese, which has no
blanks between words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from batch.schema import columns
from batch.schema.spellings import folded


class Sense(StrEnum):
    """What a header says of its column."""

    OURS = "a word of ours"
    HINT = "a word that may be ours or the user's"
    OWN = "a word for a column of the user's own"
    BOTH = "a word of ours beside one for a column of the user's own"
    NOTHING = "nothing"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SEVERAL: Final = _words(
    """
    name type action option number phonenumber groups port enable enabled server user typ nom tipo nombre bezeichnung
    aktiv actif activo aktion accion protokoll protocole protocolo identifiant identifikation opcion numero ligne linea
    leitung puerto benutzer utilisateur usuario servidor serveur clave poste postes interno internos nebenstelle
    名称 名稱 类型 類型 名 域 号码 编码 操作 动作 选项 账号 帐号 用户 线路 传输 端口 埠
    """
)
"""Headers of ours that people use for many other things as well."""

_OURS: Final = (
    frozenset(folded(text) for sheet in columns.SHEETS for column in sheet.columns for text in column.headers)
    | frozenset(folded(text) for sheet in columns.SHEETS for text in sheet.names)
    | _words("cid cids cli clip clid ani msisdn proxy proxys proxies registrar ip fqdn pwd passwd")
    | _words("delete deleted remove removed rename renamed newname loschen geloscht entfernen umbenennen neuername")
    | _words("supprimer renommer nouveaunom eliminar borrar renombrar nuevonombre 删除 刪除 改名")
) - _SEVERAL
_OUR_STEMS: Final = (
    *("rufnummer", "durchwahl", "amtsleitung", "telefonnummer", "phonenumber", "hostname", "passwort", "kennwort"),
    *("password", "passwd", "callerid", "anruferid", "codec", "e164", "nebenstellen"),
    *("主叫", "中继", "中繼", "分机", "分機", "密码", "密碼", "代理", "域名", "主机", "直线", "直拨", "外呼", "去电"),
)

_HINTS: Final = _SEVERAL | _words(
    """
    to from until start begin beginning first last end count counts qty quantity amount size numbers nos range ranges
    block blocks phone phones telephone tel mobile line lines active state status on off mode address uri sip prefix
    pattern credentials auth login
    bis von ab anfang beginn ende erste erster letzte letzter anzahl menge stuck stueck umfang grosse groesse bereich
    nummer nummern telefon rufnr tel status zustand modus muster adresse
    jusqua debut fin premier premiere dernier derniere quantite nombre taille plage bloc numeros telephone etat
    desde hasta inicio final primero ultimo cantidad tamano rango bloque telefono estado modo
    """
)
_HINT_STEMS: Final = (
    *("anzahl", "nummern", "stuckzahl", "号码", "號碼", "数量", "個數", "个数", "数目", "起始", "结束", "开始", "终止"),
    *("范围", "电话", "状态", "到", "从", "至", "号段", "首号", "末号"),
)

_COUNTS: Final = _words(
    """
    quantity qty count counts numberof numbersof noof nosof nrof numof anzahl anz menge stuck stk stuckzahl cantidad
    numerode quantite nbre nombrede 数量 个数 個數
    """
)
"""Words that say how many, also beside one for a column of the user's own: ``Ordered qty``."""

_NUMBERED: Final = _words(
    """
    siren siret ean gtin imei imsi iccid sim vat ust ustid steuernummer nif cif kvk btw isbn serial seriennummer sn
    po invoice rechnung rechnungsnummer facture factura kdnr
    """
)
"""Words for numbers that are no telephone's, however many digits they have."""
_OWN: Final = _NUMBERED | _words(
    """
    remark remarks note notes comment comments description descr info information site sites location city town
    country region customer customers client clients company tenant owner contact person responsible manager department
    dept team cost costs centre center costcentre costcenter ticket tickets order orders contract invoice billing price
    fee rate charge tariff currency budget account date day month year since valid due deadline created updated changed
    modified checked approved approval done ok finished tested ported migrated ordered delivered ready priority prio
    project phase batch room floor building rack street zip postcode postal email mail website web url link serial mac
    device model vendor supplier provider carrier operator reference ref index pos position item row nr no sn color
    colour tag tags label category class level version history reason purpose usage use portal voicemail old
    bemerkung bemerkungen anmerkung notiz notizen kommentar hinweis beschreibung standort ort stadt land firma kunde
    kunden mandant inhaber ansprechpartner kontakt zustandig verantwortlich abteilung kosten kostenstelle auftrag
    bestellung vertrag rechnung preis gebuhr tarif datum tag monat jahr seit gultig frist termin erstellt geandert
    gepruft genehmigt freigegeben erledigt fertig getestet portiert umgezogen prioritat projekt raum zimmer etage
    stockwerk gebaude strasse plz postleitzahl gerat anbieter lieferant betreiber referenz lfd farbe kategorie grund
    zweck alt
    remarque remarques commentaire commentaires observation observations notes lieu ville pays societe entreprise
    clients proprietaire interlocuteur responsable departement cout couts commande contrat facture prix
    tarif date jour mois annee echeance cree modifie verifie approuve valide fait termine teste porte migre projet
    piece bureau etage batiment rue courriel fournisseur operateur couleur categorie motif adresse
    observacion observaciones nota notas comentario comentarios sitio sede lugar ciudad pais empresa cliente clientes
    propietario contacto departamento costo coste costes centro pedido contrato factura precio tarifa fecha dia mes
    ano vencimiento creado modificado revisado aprobado hecho terminado probado portado migrado proyecto sala piso
    planta edificio calle correo proveedor operador color categoria motivo direccion referencia
    hours lat latitude lon lng longitude long breite lange week weeks kw woche semaine semana quarter circuit asset
    assets
    inventory employee staff personnel seat desk socket mrc nrc gl kst branch branches store stores shop shops depot
    product sku article articles case cases request requests incident sr vorgang aktenzeichen debitor
    kreditor reseller dealer billable vip gdpr loa score rating rank minutes usage vlan patch switch headcount age
    filiale filialen niederlassung geschaft hausnr dose sitzplatz mitarbeiter artikel magasin magasins agence succursale
    dossier demande salarie article sucursal sucursales tienda tiendas expediente solicitud empleado articulo
    """
)
_OWN_STEMS: Final = (
    *("bemerkung", "anmerkung", "kommentar", "beschreibung", "standort", "kunden", "ansprechpartner", "kosten"),
    *("hausnummer", "personalnummer", "artikel", "vorgang", "mitarbeiter", "inventar", "filial"),
    *("auftrag", "bestell", "vertrag", "rechnung", "preis", "datum", "projekt", "strasse", "lieferant", "termin"),
    *("备注", "備註", "说明", "描述", "客户", "站点", "地点", "城市", "地址", "公司", "负责人", "联系人", "部门"),
    *("成本", "费用", "价格", "订单", "工单", "合同", "发票", "日期", "时间", "邮箱", "邮件", "项目", "序号", "楼层"),
    *("邮编", "門店", "门店", "经度", "纬度", "员工", "资产", "产品", "周次"),
    *("房间", "供应商", "运营商", "参考", "状况"),
)

_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_MOST: Final = 5
"""So many words next to each other may be one of ours."""


@cache
def sense_of(header: str) -> Sense:
    """Return what a header says of its column."""
    plain = folded(header)
    words = [folded(word) for word in _WORD.findall(_HUMP.sub(" ", header))]
    runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + _MOST, len(words)) + 1)}
    ours = not runs.isdisjoint(_OURS) or any(stem in plain for stem in _OUR_STEMS)
    own = not _OWN.isdisjoint(words) or plain in ORDINARY - _TELEPHONY or any(stem in plain for stem in _OWN_STEMS)
    counts = not _COUNTS.isdisjoint(runs)
    if ours:
        return Sense.BOTH if own and not counts else Sense.OURS
    if own and not counts:
        return Sense.OWN
    hints = counts or not _HINTS.isdisjoint(words) or any(stem in plain for stem in _HINT_STEMS)
    return Sense.HINT if hints else Sense.NOTHING


@cache
def numbers_other_things(header: str) -> bool:
    """Tell whether a header says that numbers of something else than telephones stand below it."""
    return not _NUMBERED.isdisjoint(folded(word) for word in _WORD.findall(header))


_STAND_INS: Final[Mapping[str, frozenset[str]]] = {
    "did_name": _words(
        "name label didlabel displayname cnam callername bezeichnung anzeigename nom libelle nombre 名称"
    ),
    "outbound_cid_name": _words(
        "name label displayname display cnam callername bezeichnung anzeigename nom nombre 名称"
    ),
    "extension_groups": _words("group extgroup ringgroup gruppe groupe grupo 组 分组"),
    "extensions": _words("ext exts user users member members benutzer utilisateurs usuarios 用户"),
    "username": _words(
        "user login loginname siplogin sipuser sipid sipaccount kennung anmeldung zugangskennung identifiant "
        "usuario cuenta 用户"
    ),
    "auth_name": _words("auth authuser credentials zugangsdaten"),
    "password": _words("secret sipsecret siptrunksecret trunksecret"),
    "domain": _words("realm siprealm"),
}
"""Headers that people use for what a sheet may lack, by its field; also for many other things."""


@cache
def stands_in_for(header: str) -> frozenset[str]:
    """Return the fields for which people use such a header."""
    plain = folded(header)
    return frozenset(name for name, headers in _STAND_INS.items() if plain in headers)


_SECRET_HEADERS: Final = frozenset(map(folded, columns.TRUNKS.column("password").headers)) | {"pass", "sippass"}
_SECRET_ENDS: Final = (
    *("password", "passwd", "passwort", "kennwort", "passcode", "passphrase", "contrasena", "secret", "token", "pwd"),
    *("pswd", "wachtwoord", "passworter", "kennworter"),
)
"""How words end that mean one: also ``SIPpassword``, but not a secretary."""
_SECRET_WORDS: Final = frozenset({"pin", "pw", "psw", "mdp", "clave", "senha", "credential"})
_SECRET_STEMS: Final = ("motdepasse", "motsdepasse", "codesecret", "密码", "密碼", "口令")


@cache
def names_secret(header: str) -> bool:
    """Tell whether a column's header says that passwords, secrets or PINs stand below it."""
    plain = folded(header)
    words = [folded(word).removesuffix("s") for word in _WORD.findall(_HUMP.sub(" ", header))]
    return (
        plain in _SECRET_HEADERS
        or any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDS) for word in words)
        or any(stem in plain for stem in _SECRET_STEMS)
    )


ORDINARY: Final = _words(
    """
    ort ost po pos cost cert art arts code true tape typo hype tyre types typen game same dame fame nase nave nate date
    data part parts post sort fort sport porto porte porta pont poet pork wort mort tort hort pott kids bids aids lids
    tds vids dvds dies digs dios dias most lost rost kost ghost trank truck trucks drunk tracks tricks drinks
    trends thanks chunks trusts section caption auction auktion motion nation notion ration fraction reaction sanction
    caution kaution bastion fiction faction nacion racion station fonction optional opinion portion adoption edition
    romain remain demain humain domino copain unable usable stable viable fiable rentable epaule etable liable minable
    emailed enacted nailed passport surname ubernahme hostage models cadets comics covers cordes caller callers called
    bisrufnummer galleries tensions expansions transfert transfer transform aktien activa autonome
    """
)
"""Words that look almost like one of ours, and are never meant for it."""
_TELEPHONY: Final = _words("caller callers called transfer station bisrufnummer")
"""Those of them that are no sign of a column of the user's own."""
